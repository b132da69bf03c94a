/** What the runs of experiments have in common. VOCABDB_TEST_EFFORT=short makes them short, VOCABDB_TEST_SEED repeats one. */
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { defineConfig, mergeConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import base from "./vitest.config.js";

/** Of minutes each: a long one that begins last is waited for by all workers. */
const LONGEST = ["hang-1", "hang-2", "signals", "killed", "disk-full", "read-only", "crash", "secrets", "library"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.indexOf(basename(moduleId).split(".")[0] ?? "");
      return at === -1 ? LONGEST.length : at;
    };
    return files.sort((a, b) => rank(a) - rank(b));
  }
}

export function experiments(include: string) {
  const config = mergeConfig(base, defineConfig({}));
  config.test = {
    ...config.test,
    include: [include],
    sequence: { sequencer: LongestFirst },
    globalSetup: ["test/support/experiment-setup.ts"],
    // One test tries many times.
    testTimeout: 1_200_000,
    // All of the longest at once: some of them wait more than they compute.
    maxWorkers: availableParallelism() * 3,
  };
  return config;
}
