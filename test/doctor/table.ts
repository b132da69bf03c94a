/** How the tables of broken set-ups are run: each is made for real, then the command looks at it. */
import { expect } from "vitest";
import type { Finding } from "../../src/finding.js";
import { type CliOptions, type CliResult, vocabdbHere } from "../support/cli.js";

/** In every URL of these tables; it must never be printed. */
export const PASSWORD = "s3cret-Marker";

export interface Look extends CliOptions {
  readonly args?: readonly string[];
}

export interface Expected {
  readonly id: string | RegExp;
  /** What the fix says; a URL in it is complete but for the password. */
  readonly fix: string | RegExp;
  readonly message?: string | RegExp;
  /** Default: 7. */
  readonly exitCode?: number;
  /** Default: error. */
  readonly level?: Finding["level"];
  /** Milliseconds within which the command has ended, with its start where that is a process of its own. */
  readonly withinMs?: number;
  /** Logins that have reached the server, default: 0 or 1. */
  readonly logins?: number;
}

/** Neither as a person reads it, nor as GitHub does. */
export async function expectNoPassword(look: Look): Promise<void> {
  for (const format of ["text", "github"]) {
    const { stdout, stderr } = await vocabdbHere(["db", "doctor", "--verbose", "--format", format], look);
    expect(stdout).not.toBe("");
    expect(stdout + stderr).not.toContain(PASSWORD);
  }
}

/** A slow machine needs a second for the start of Node alone. */
const QUICK_MS = 5_000;

/** @returns what the command printed, for what only one set-up has to show */
export async function expectFinding(look: Look, expected: Expected): Promise<CliResult> {
  const started = performance.now();
  const result = await vocabdbHere(["db", "doctor", "--json", ...(look.args ?? [])], look);
  const tookMs = performance.now() - started;

  expect(result.stdout, result.stderr).not.toBe("");
  const { findings } = result.json() as { findings: Finding[] };
  const finding = findings.find(({ id }) =>
    typeof expected.id === "string" ? id === expected.id : expected.id.test(id),
  );
  expect(finding, JSON.stringify(findings)).toBeDefined();
  expect(finding?.level).toBe(expected.level ?? "error");
  expect(finding?.fix).toMatch(expected.fix);
  if (expected.message !== undefined) {
    expect(finding?.message).toMatch(expected.message);
  }
  expect(result.exitCode).toBe(expected.exitCode ?? 7);
  expect(result.stdout + result.stderr).not.toContain(PASSWORD);
  expect(tookMs).toBeLessThan(expected.withinMs ?? QUICK_MS);
  if (process.env.VOCABDB_TABLE) {
    const { currentTestName } = expect.getState();
    process.stdout.write(`| ${finding?.id} | ${currentTestName} | ${finding?.fix} | ${Math.round(tookMs)} ms |\n`);
  }
  return result;
}
