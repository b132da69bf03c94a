import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    // Most tests talk to a real server or start real processes, on machines that may have two slow cores.
    // They wait for each other as much as they compute: four of them take two cores.
    maxWorkers: availableParallelism() * 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // The bundle is run as it is.
    server: { deps: { external: [/\/dist\//] } },
    setupFiles: ["test/support/clean-environment.ts"],
  },
});
