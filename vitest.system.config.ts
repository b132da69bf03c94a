/** `npm run test:system`: what needs more of the machine than Node: root, PgBouncer, Chromium, network namespaces. */
import { configDefaults, defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.js";

const config = mergeConfig(base, defineConfig({}));
// Those of poolers belong to `npm run test:pooler`.
const exclude = [...configDefaults.exclude, "test/pooler/**"];
// Some of them measure how long an answer takes.
config.test = { ...config.test, include: ["test/**/*.system.ts"], exclude, maxWorkers: 2 };
export default config;
