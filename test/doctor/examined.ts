/** What the doctor finds in databases that tests have broken, and whether its fixes mend them. */
import { expect } from "vitest";
import type { CheckContext, DatabaseFinding } from "../../src/core/doctor/check.js";
import { databaseChecks } from "../../src/core/doctor/checks.js";
import { examine } from "../../src/core/doctor/doctor.js";
import { applyRepairs } from "../../src/core/doctor/repair.js";
import type { DoctorReport } from "../../src/core/doctor/report.js";
import { select } from "../../src/core/doctor/selection.js";
import { withConnection } from "../../src/db/pool.js";
import { inTransaction } from "../../src/db/transaction.js";
import type { Finding, FindingId } from "../../src/finding.js";
import { temporaryFolder } from "../support/cli.js";
import { type TestDatabase, withClient } from "../support/database.js";

export interface Expected {
  readonly id: FindingId;
  readonly level: Finding["level"];
  readonly message: string | RegExp;
  readonly fix: string | RegExp;
}

/** A way to break a migrated database. */
export interface Setup extends Expected {
  readonly name: string;
  /** Run as a superuser. */
  readonly broken: string | ((db: TestDatabase) => Promise<unknown>);
  /** What takes the finding away; by default `--fix`, or the statements in what the finding says to do. */
  readonly mended?: string | ((db: TestDatabase) => Promise<unknown>);
  /** Whether `--fix` mends it. */
  readonly byFix?: boolean;
}

/** @param only stages or ids, to look at less than everything */
export async function examined(
  url: string,
  only: readonly string[] = [],
  timeoutMs = 15_000,
  { signal } = new AbortController(),
): Promise<DoctorReport> {
  const { report } = await examine(
    { env: { DATABASE_URL: url }, cwd: temporaryFolder() },
    { selected: select({ only, skip: [] }), timeoutMs, signal },
  );
  return report;
}

/** Breaks a database, expects the finding, mends it, and expects the finding to be gone. */
export async function expectMended(db: TestDatabase, { broken, mended, byFix = false, ...expected }: Setup) {
  await (typeof broken === "string" ? db.query(broken) : broken(db));
  const finding = findingIn(await examined(db.url, [expected.id]), expected);
  expect(finding.repair !== null, "whether --fix mends it").toBe(byFix);

  if (mended !== undefined) {
    await (typeof mended === "string" ? db.query(mended) : mended(db));
  } else if (byFix) {
    const { repaired, failed } = await withConnection(db.target, (connection) => applyRepairs(connection, [finding]));
    expect({ repaired, failed }).toEqual({ repaired: [finding], failed: [] });
  } else {
    await runFix(db, finding);
  }
  const after = await examined(db.url, [expected.id]);
  expect(after.findings.filter(({ id }) => id === expected.id)).toEqual([]);
  expect(after.passed).toContain(expected.id);
}

export function findingIn({ findings }: Pick<DoctorReport, "findings">, { id, level, message, fix }: Expected) {
  const finding = findings.find((each) => each.id === id && matches(each.message, message));
  expect(finding, JSON.stringify(findings, null, 2)).toBeDefined();
  expect(finding?.level).toBe(level);
  expect(finding?.fix).toMatch(fix);
  return finding as DatabaseFinding;
}

const matches = (text: string, pattern: string | RegExp): boolean =>
  typeof pattern === "string" ? text.includes(pattern) : pattern.test(text);

/** Runs the statements that a finding tells, each by itself in one session, as psql would. */
export async function runFix({ direct }: TestDatabase, { fix }: Finding): Promise<void> {
  const [firstWay] = (fix ?? "").split(", or: ");
  const sql = /(?:^|: )((?:ALTER|BEGIN|CREATE|DELETE|DROP|GRANT|REINDEX|REVOKE|SET|UPDATE) .*)$/s.exec(
    firstWay ?? "",
  )?.[1];
  await withClient(direct, async (client) => {
    for (const statement of sql?.split("; ") ?? [`the fix is no SQL: ${fix}`]) {
      await client.query(statement);
    }
  });
}

/** What one check finds, for what no database of a test can be: on another host, or of another version. */
export function findingsOf(
  db: TestDatabase,
  id: FindingId,
  { setup = "SELECT", ...target }: Partial<CheckContext["target"]> & { readonly setup?: string },
): Promise<readonly DatabaseFinding[]> {
  return withClient(db.direct, async (client) => {
    await client.query(`BEGIN; ${setup}`);
    const checks = databaseChecks.filter(({ ids }) => ids.includes(id));
    const found: DatabaseFinding[] = [];
    for (const check of checks) {
      found.push(...(await check.run({ client, target: { ...db.target, ...target }, scanMs: 5_000 })));
    }
    return found.filter((finding) => finding.id === id);
  });
}

/** Holds a lock on a table while something else is done. */
export function whileLocked<T>(db: TestDatabase, table: string, work: () => Promise<T>): Promise<T> {
  return withConnection(db.target, (connection) =>
    inTransaction(connection, { dryRun: true }, async (client) => {
      await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      return work();
    }),
  );
}
