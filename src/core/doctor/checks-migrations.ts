/** Checks of the schema against the migrations of this version. */
import type { FindingId } from "../../finding.js";
import { describeDifference } from "../drift/compare.js";
import { type Drift, driftIn } from "../drift/drift.js";
import { readMigrations } from "../migration-files.js";
import { type MigrationRecord, readMigrationRecord } from "../migration-record.js";
import type { CheckContext, DatabaseCheck, DatabaseFinding } from "./check.js";
import { MIGRATIONS_TABLE } from "./checks-expected.js";
import { attempt, finding, ownTables, quantity } from "./checks-tables.js";

const migrations: DatabaseCheck = {
  stage: "schema",
  ids: ["schema.not-migrated", "schema.pending", "schema.failed", "schema.edited", "schema.unknown"],
  async run(context) {
    const tables = await ownTables(context);
    const record = tables.find(({ name }) => name === MIGRATIONS_TABLE);
    if (record === undefined) {
      return [notMigrated(context, tables.length)];
    }
    // Then nothing can be said; role.no-read and role.rows-hidden say why.
    return record.mayRead && !record.isHidden ? findingsOf(await readMigrationRecord(context.client)) : [];
  },
};

const drifting: DatabaseCheck = {
  stage: "schema",
  ids: ["schema.drift"],
  isRehearsal: true,
  async run(context) {
    const tables = await ownTables(context);
    const record = tables.find(({ name }) => name === MIGRATIONS_TABLE);
    if (record === undefined || !record.mayRead || record.isHidden) {
      return [];
    }
    const { client, target } = context;
    const migrations = readMigrations();
    const { state, pending } = await readMigrationRecord(client, migrations);
    const applied = migrations.filter(({ name }) => !pending.includes(name));
    // With what migrations that are not known, or not known to be whole, would it be compared?
    return state === "failed" || state === "diverged" ? [] : driftFindings(await driftIn(client, target, applied));
  },
};

function notMigrated({ target }: CheckContext, tables: number): DatabaseFinding {
  return tables === 0
    ? finding(
        "schema.not-migrated",
        "error",
        `the schema ${target.schema} has none of vocabdb's tables`,
        "vocabdb migrate",
      )
    : finding(
        "schema.not-migrated",
        "error",
        `the schema ${target.schema} has tables of vocabdb, but no record of migrations`,
        `vocabdb migrate resolve --applied ${readMigrations()[0]?.name} (if they were made by it)`,
      );
}

function findingsOf({ pending, failed, edited, unknown }: MigrationRecord): readonly DatabaseFinding[] {
  return [
    ...(pending.length === 0
      ? []
      : [
          finding(
            "schema.pending",
            "error",
            `${pending.length} of the migrations of this version ${pending.length === 1 ? "is" : "are"} not applied: ${pending.join(", ")}`,
            "vocabdb migrate",
          ),
        ]),
    ...failed.map((name) =>
      finding(
        "schema.failed",
        "error",
        `the migration ${name} failed and its record stands in the way of every other`,
        `vocabdb migrate resolve --rolled-back ${name}, then vocabdb migrate`,
        DRIFT_UNSEEN,
      ),
    ),
    ...edited.map((name) =>
      finding(
        "schema.edited",
        "warning",
        `the file of the migration ${name} has changed since it was applied: what it made is not what it says`,
        "install the version of vocabdb that applied it",
        DRIFT_UNSEEN,
      ),
    ),
    ...unknown.map((name) =>
      finding(
        "schema.unknown",
        "error",
        `the migration ${name} was applied by another version of vocabdb, or by another application`,
        "install the version of vocabdb that has it, or give vocabdb a schema of its own: ?schema=vocabdb",
        DRIFT_UNSEEN,
      ),
    ),
  ];
}

const DRIFT_UNSEEN: { readonly unseen: readonly FindingId[] } = { unseen: ["schema.drift"] };

/** Differences that are told by name; the SQL has all of them. */
const NAMED = 3;

function driftFindings({ differences, drift, driftSkipped }: Drift): readonly DatabaseFinding[] {
  if (driftSkipped !== null) {
    return [
      finding(
        "schema.drift",
        "info",
        `whether the schema is as the migrations made it could not be found out: ${driftSkipped}`,
        "vocabdb migrate status, as a role that may create schemas and with no migration under way",
      ),
    ];
  }
  const named = differences.slice(0, NAMED).map(describeDifference);
  const more = differences.length > NAMED ? [`and ${differences.length - NAMED} more`] : [];
  const what = `${quantity(differences.length, "difference")} from what the migrations made`;
  return drift === null
    ? []
    : [finding("schema.drift", "warning", `${what}: ${[...named, ...more].join(", ")}`, drift)];
}

interface Elsewhere {
  readonly schema: string;
  readonly isSearched: boolean;
}

const schemas: DatabaseCheck = {
  stage: "schema",
  ids: ["schema.elsewhere", "schema.search-path"],
  async run(context) {
    const { client, target } = context;
    const own = await ownTables(context);
    // What a client that says nothing works in. The setting may be of the role, the database or the server.
    const { rows: defaults } = await attemptDefaults(context);
    const searched = defaults[0]?.searched ?? null;
    const { rows: others } = await client.query<Elsewhere>(
      `SELECT n.nspname AS schema, n.nspname = $2 AS "isSearched"
         FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relname = 'vocabulary_words' AND c.relkind IN ('r', 'p') AND n.nspname <> $1
          AND EXISTS (SELECT FROM pg_class AS p WHERE p.relnamespace = n.oid AND p.relname = 'progress')
        ORDER BY 1`,
      [target.schema, searched],
    );
    return [
      ...others.map(({ schema }) => elsewhere(context, schema, own.length > 0)),
      ...(own.length > 0 && searched !== target.schema
        ? [
            searchPath(
              context,
              searched,
              others.some(({ isSearched }) => isSearched),
              defaults[0]?.fix ?? null,
            ),
          ]
        : []),
    ];
  },
};

function attemptDefaults({ client, target }: CheckContext) {
  return attempt(client, "SET LOCAL search_path TO DEFAULT", () =>
    client.query<{ searched: string | null; fix: string }>(
      `SELECT current_schema() AS searched,
              format('ALTER ROLE %I IN DATABASE %I SET search_path = %I', session_user, current_database(), $1::text) AS fix`,
      [target.schema],
    ),
  );
}

function elsewhere({ target }: CheckContext, schema: string, both: boolean): DatabaseFinding {
  return both
    ? finding(
        "schema.elsewhere",
        "warning",
        `vocabdb's tables are in the schema ${target.schema} and in ${schema} too: clients that differ in their search path write to different ones`,
        `keep one of them; this URL leads to ${target.schema}, ?schema=${encodeURIComponent(schema)} to the other`,
      )
    : finding(
        "schema.elsewhere",
        "error",
        `vocabdb's tables are not in the schema ${target.schema} but in ${schema}`,
        `add ?schema=${encodeURIComponent(schema)} to the URL`,
      );
}

function searchPath(
  { target }: CheckContext,
  searched: string | null,
  hasTables: boolean,
  fix: string | null,
): DatabaseFinding {
  const where = searched === null ? "in no schema that exists" : `in the schema ${searched}`;
  return finding(
    "schema.search-path",
    hasTables ? "warning" : "info",
    `clients that do not read ?schema=${target.schema} (the driver, psql, raw SQL through Prisma) work ${where}`,
    fix,
  );
}

export const migrationChecks: readonly DatabaseCheck[] = [migrations, drifting, schemas];
