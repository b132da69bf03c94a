/** What the runs of experiments have in common. VOCABDB_TEST_EFFORT=short makes them short, VOCABDB_TEST_SEED repeats one. */
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.js";

export function experiments(include: string) {
  const config = mergeConfig(base, defineConfig({}));
  config.test = {
    ...config.test,
    include: [include],
    globalSetup: ["test/support/experiment-setup.ts"],
    // One test tries many times.
    testTimeout: 1_200_000,
  };
  return config;
}
