/** `npm run test:system`: what needs more of the machine than Node: root, PgBouncer, Chromium, network namespaces. */
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.js";

const config = mergeConfig(base, defineConfig({}));
config.test = { ...config.test, include: ["test/**/*.system.ts"] };
export default config;
