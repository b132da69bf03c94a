/** The migrations that ship with the package, and the schema that they lead to. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MigrationList, SchemaFilter } from "@prisma/schema-engine-wasm/schema_engine_bg";
import { FileError } from "../errors/usage.js";
import { packageRoot } from "../package-root.js";

export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** Holds schema.prisma and the folder of migrations. */
export const PRISMA_FOLDER = join(packageRoot, "prisma");
const MIGRATIONS_FOLDER = join(PRISMA_FOLDER, "migrations");

/** For the engine: no table of the schema is left out. */
export const NO_FILTER: SchemaFilter = { externalTables: [], externalEnums: [] };

/**
 * @param folder with one subfolder per migration, as Prisma Migrate lays them out
 * @throws {FileError}
 */
export function readMigrations(folder = MIGRATIONS_FOLDER): Migration[] {
  return migrationNames(folder).map((name) => ({ name, sql: readScript(join(folder, name, "migration.sql")) }));
}

/** In the order in which they are applied. */
export function migrationNames(folder = MIGRATIONS_FOLDER): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort((a, b) => (a < b ? -1 : 1));
}

function readScript(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new FileError(
      path,
      isMissing ? "is missing: every folder beside it is a migration" : `cannot be read (${(error as Error).message})`,
      "restore the file, or remove its folder if it is a left-over that was never applied; or reinstall vocabdb",
      { cause: error },
    );
  }
}

/** The schema.prisma that the migrations lead to. */
export function readDatamodel(folder = PRISMA_FOLDER): string {
  return readFileSync(join(folder, "schema.prisma"), "utf8");
}

/** The migrations as the engine takes them. */
export function listOf(migrations: readonly Migration[]): MigrationList {
  return {
    baseDir: MIGRATIONS_FOLDER,
    lockfile: {
      path: "migration_lock.toml",
      content: readFileSync(join(MIGRATIONS_FOLDER, "migration_lock.toml"), "utf8"),
    },
    shadowDbInitScript: "",
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: "migration.sql", content: { tag: "ok", value: sql } },
    })),
  };
}
