/**
 * `npm run test:pooler`: the commands through PgBouncer in session and in transaction mode, and what is to be
 * known of poolers themselves. Needs Debian's pgbouncer.
 */
import { configDefaults, defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.js";

/** What is of no pooler's concern, and would only be done thrice. */
const ELSEWHERE = [
  // Text out of data, and where it goes.
  "test/cli/{render,output,operator,terminal,seed-output,formats,widths,pager,report-page}.test.ts",
  // What the command line says of itself.
  "test/cli/{examples,schema}.test.ts",
  // What is wrong before there is a connection, and who has to confirm what.
  "test/cli/{exit-codes,mark,prompts}.test.ts",
  // The library's own pools, against each other.
  "test/cli/user-concurrency.test.ts",
  // How files are read, before there is a connection.
  "test/cli/seed-input.test.ts",
  // Deploys that meet each other do so on the server itself.
  "test/cli/migrate-race.test.ts",
];

/** Through a pooler in transaction mode they would go to DIRECT_URL, which is no pooler. */
const PAST_THE_POOLER = ["test/cli/migrate-{operation,authoring}.test.ts"];

// One server for all of them: the setup is that of the whole run.
const { globalSetup: _, ...shared } = base.test ?? {};

const through = (poolMode: "session" | "transaction") => ({
  ...shared,
  name: poolMode,
  include: ["test/cli/**/*.test.ts", "test/utc.test.ts"],
  exclude: [...configDefaults.exclude, ...ELSEWHERE, ...(poolMode === "transaction" ? PAST_THE_POOLER : [])],
  provide: { poolMode },
});

export default mergeConfig(
  base,
  defineConfig({
    test: {
      globalSetup: ["test/support/pooler-setup.ts"],
      projects: [
        { test: { ...shared, name: "poolers", include: ["test/pooler/**/*.system.ts"] } },
        { test: through("session") },
        { test: through("transaction") },
      ],
    },
  }),
);
