/** The setup of `npm run test:faults` and `npm run test:fuzz`: says how to repeat the run, and prints what it counted. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { Row } from "./experiment.js";
import setupServer from "./global-setup.js";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const seed = Number(process.env.VOCABDB_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const effort = process.env.VOCABDB_TEST_EFFORT === "short" ? "short" : "full";
  const folder = mkdtempSync(join(tmpdir(), "vocabdb-counts-"));
  project.provide("experiment", { seed, effort, folder });
  process.stderr.write(`to repeat: VOCABDB_TEST_SEED=${seed} VOCABDB_TEST_EFFORT=${effort}\n`);
  const stopServer = await setupServer(project);
  return async () => {
    await stopServer();
    for (const name of readdirSync(folder).sort()) {
      const lines = readFileSync(join(folder, name), "utf8").trimEnd().split("\n");
      process.stdout.write(`\n${name}\n\n${markdown(summed(lines.map((line) => JSON.parse(line) as Row)))}`);
    }
    rmSync(folder, { recursive: true, force: true });
  };
}

/** One row for all that have the same texts, with their numbers added up. */
function summed(rows: readonly Row[]): Row[] {
  const byLabel = new Map<string, Record<string, string | number>>();
  for (const row of rows) {
    const label = JSON.stringify(Object.values(row).filter((value) => typeof value === "string"));
    const sum = byLabel.get(label);
    if (sum === undefined) {
      byLabel.set(label, { ...row });
      continue;
    }
    for (const [column, value] of Object.entries(row)) {
      if (typeof value === "number") {
        sum[column] = Number(sum[column] ?? 0) + value;
      }
    }
  }
  return [...byLabel.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function markdown(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (cells: readonly unknown[]): string => `| ${cells.join(" | ")} |\n`;
  return (
    line(columns) +
    line(columns.map((column) => (rows.some((row) => typeof row[column] === "number") ? "--:" : "---"))) +
    rows.map((row) => line(columns.map((column) => row[column] ?? 0))).join("")
  );
}
