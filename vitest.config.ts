import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    // Most tests talk to a real server or start real processes, on machines that may have two slow cores.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Nothing of the developer's own configuration may reach a test.
    env: { DATABASE_URL: undefined, DIRECT_URL: undefined, PGPASSWORD: undefined, VOCABDB_POOL_MAX: undefined },
  },
});
