/** Writes the migration that leads from the ones there are to schema.prisma. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { translateError } from "../db/errors.js";
import { onConnection, withConnection } from "../db/pool.js";
import { withSchemaEngine } from "../db/schema-engine.js";
import { withLentDatabase, withShadowDatabase } from "../db/shadow-database.js";
import { runScript, ScriptError } from "../db/sql-script.js";
import type { Target } from "../db/target.js";
import { cancelOnAbort } from "../db/transaction.js";
import { FileError } from "../errors/usage.js";
import { migrationError } from "./migration-failure.js";
import { type Migration, NO_FILTER, PRISMA_FOLDER, readDatamodel, readMigrations } from "./migration-files.js";

/** Where the migrations are tried: a server to make a database on, or a database that is lent for it. */
export type Shadow = { readonly server: Target } | { readonly lent: Target };

export interface CreateOptions {
  /** null: the file is to be written by hand. */
  readonly shadow: Shadow | null;
  /** Holds schema.prisma and the folder `migrations`; by default those of this installation. */
  readonly folder?: string;
  readonly dryRun?: boolean;
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

export interface CreatedMigration {
  /** Null where there is nothing to change. */
  readonly migration: string | null;
  readonly path: string | null;
  readonly sql: string | null;
  readonly changed: boolean;
}

/**
 * @param name small letters, digits and underscores; a time is put before it
 * @throws {ShadowDatabaseError} when there is no database to try the migrations in
 * @throws {MigrationFailedError} when one that is there cannot be applied to an empty database
 * @throws {FileError} when schema.prisma is not valid, or nothing can be written
 */
export async function createMigration(name: string, options: CreateOptions): Promise<CreatedMigration> {
  const { shadow, folder = PRISMA_FOLDER, dryRun = false, now = new Date(), signal } = options;
  const migrations = reading(folder, () => readMigrations(join(folder, "migrations")));
  const datamodel = reading(folder, () => readDatamodel(folder));
  const sql = shadow === null ? BY_HAND : await difference(shadow, migrations, { datamodel, folder }, signal);
  if (sql === null) {
    return { migration: null, path: null, sql: null, changed: false };
  }
  const migration = `${timeAfter(migrations.at(-1)?.name, now)}_${name}`;
  const path = join(folder, "migrations", migration, "migration.sql");
  if (!dryRun) {
    try {
      mkdirSync(join(folder, "migrations", migration));
      writeFileSync(path, sql, { flag: "wx" });
    } catch (error) {
      throw unusable(path, error);
    }
  }
  return { migration, path, sql, changed: true };
}

const BY_HAND = "-- Names are unqualified: the tables are in the schema that the connection works in.\n";

/** Migrations are applied in the order of their names, which begin with the time in UTC. */
function timeAfter(last: string | undefined, now: Date): string {
  const digits = (time: Date): string => time.toISOString().replace(/\D/g, "").slice(0, 14);
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)_/.exec(last ?? "") ?? [];
  const [year = 0, month = 1, day = 1, hours = 0, minutes = 0, seconds = 0] = parts.map(Number);
  const next = parts.length === 0 ? 0 : Date.UTC(year, month - 1, day, hours, minutes, seconds + 1);
  return digits(new Date(Math.max(now.getTime(), next)));
}

interface Source {
  readonly datamodel: string;
  readonly folder: string;
}

async function difference(
  shadow: Shadow,
  migrations: readonly Migration[],
  source: Source,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const work = async (target: Target): Promise<string | null> => {
    await apply(target, migrations, signal);
    return differenceTo(target, source, signal);
  };
  try {
    return await ("lent" in shadow
      ? withLentDatabase(shadow.lent, work)
      : withShadowDatabase(shadow.server, work, signal));
  } catch (error) {
    throw translateError(error, "lent" in shadow ? shadow.lent : shadow.server);
  }
}

/** Each as a deploy would run it: by itself, so that an index may be built concurrently. */
async function apply(target: Target, migrations: readonly Migration[], signal: AbortSignal | undefined): Promise<void> {
  await withConnection({ ...target, poolMax: 1 }, ({ pool }) =>
    onConnection(pool, async (client) => {
      const cancellation = cancelOnAbort(client, target, signal);
      try {
        await client.query("SELECT set_config('search_path', quote_ident($1), false)", [target.schema]);
        for (const migration of migrations) {
          signal?.throwIfAborted();
          await runScript(client, migration.sql).catch((error: unknown) => {
            throw error instanceof ScriptError ? migrationError(error, migration, false) : error;
          });
        }
      } finally {
        cancellation.stop();
      }
    }),
  );
}

async function differenceTo(
  target: Target,
  { datamodel, folder }: Source,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const files = [{ path: "schema.prisma", content: datamodel }];
  const compare = withSchemaEngine(
    target,
    datamodel,
    async ({ engine }) =>
      (await engine()).diff({
        from: { tag: "schemaDatasource", files, configDir: "." },
        to: { tag: "schemaDatamodel", files },
        ...{ script: true, exitCode: true, filters: NO_FILTER },
      }),
    { signal },
  );
  const { exitCode, stdout } = await compare.catch((error: unknown) => {
    const { code, message } = error as { code?: unknown; message?: unknown };
    // P1012: the engine's words name the line.
    throw code === "P1012" ? new FileError(join(folder, "schema.prisma"), String(message).trim()) : error;
  });
  return exitCode === 0 ? null : withRowSecurity(stdout ?? "");
}

/** No table without it: on Supabase it would be open to every browser. The engine knows nothing of it. */
function withRowSecurity(sql: string): string {
  const made = [...sql.matchAll(/^CREATE TABLE ("(?:[^"]|"")+")/gm)].map(([, table]) => table);
  const statements = made.map((table) => `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;\n`);
  return statements.length === 0 ? sql : `${sql}\n-- RowLevelSecurity\n${statements.join("")}`;
}

function reading<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw unusable(folder, error);
  }
}

function unusable(path: string, error: unknown): FileError {
  const { code } = error as NodeJS.ErrnoException;
  const what = code === "ENOENT" ? "it has no schema.prisma or no folder of migrations" : String(code ?? error);
  return new FileError(path, what, "in a checkout of vocabdb: vocabdb migrate create NAME --dir prisma", {
    cause: error,
  });
}
