/** What is told of the record without the engine has to be what the engine would tell. */
import { expect } from "vitest";
import { listOf, NO_FILTER, readDatamodel, readMigrations } from "../../src/core/migration-files.js";
import { readMigrationRecord } from "../../src/core/migration-record.js";
import { withSchemaEngine } from "../../src/db/schema-engine.js";
import { it } from "../support/database.js";

const MIGRATIONS = readMigrations();
const [FIRST, SECOND] = MIGRATIONS.map(({ name }) => name);

/** @param columns beside the name, checksum and begin of a row like that of the first migration */
const another = (columns: string, values: string): string =>
  `INSERT INTO _prisma_migrations (id, migration_name, started_at, ${columns})
   SELECT 'another', migration_name, started_at + interval '1 day', ${values}
     FROM _prisma_migrations WHERE migration_name = '${FIRST}'`;

const UNKNOWN = "UPDATE _prisma_migrations SET migration_name = '20200101000000_gone' WHERE id = 'another'";

it.for([
  ["nothing to do", "SELECT"],
  ["nothing applied", "DELETE FROM _prisma_migrations"],
  ["one pending", `DELETE FROM _prisma_migrations WHERE migration_name = '${SECOND}'`],
  ["one failed", `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '${SECOND}'`],
  ["one rolled back", `UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '${SECOND}'`],
  ["one edited", `UPDATE _prisma_migrations SET checksum = 'other' WHERE migration_name = '${SECOND}'`],
  ["one unknown", `${another("checksum, finished_at", "checksum, now()")}; ${UNKNOWN}`],
  ["one unknown that was rolled back", `${another("checksum, rolled_back_at", "checksum, now()")}; ${UNKNOWN}`],
  ["applied, and rolled back earlier", another("checksum, rolled_back_at", "'other', now()")],
  ["applied, and begun again", another("checksum", "checksum")],
  ["applied twice", another("checksum, finished_at", "checksum, now()")],
  ["applied twice, edited later", another("checksum, finished_at", "'other', now()")],
  [
    "applied twice, edited earlier",
    `${another("checksum, finished_at", "'other', now()")};
     UPDATE _prisma_migrations SET started_at = started_at - interval '2 days' WHERE id = 'another'`,
  ],
] as const)("agrees with Prisma's engine: %s", async ([, sql], { db }) => {
  await db.query(sql);
  const [record, diagnosis] = await withSchemaEngine(db.target, readDatamodel(), async ({ engine, onConnection }) => [
    await onConnection((client) => readMigrationRecord(client, MIGRATIONS)),
    await (await engine()).diagnoseMigrationHistory({
      ...{ migrationsList: listOf(MIGRATIONS), optInToShadowDatabase: false, filters: NO_FILTER },
    }),
  ]);
  const { history } = diagnosis;
  const unapplied = history !== null && "unappliedMigrationNames" in history ? history.unappliedMigrationNames : [];
  const unknown = history !== null && "unpersistedMigrationNames" in history ? history.unpersistedMigrationNames : [];
  expect(record).toMatchObject({
    failed: diagnosis.failedMigrationNames,
    edited: diagnosis.editedMigrationNames,
    pending: unapplied.filter((name) => !diagnosis.failedMigrationNames.includes(name)),
    unknown,
  });
});
