/**
 * Looks through pending migrations for what loses data, fails on a table with rows, or holds up whoever uses the
 * database; before anything of them runs.
 */
import type { ClientBase } from "pg";
import { lineAt } from "../db/sql-tokens.js";
import type { MigrationWarning } from "../finding.js";
import { type Action, actionsIn } from "./lint/actions.js";
import type { TableName } from "./lint/reader.js";
import { judge } from "./lint/rules.js";
import { type Facts, keyOf, readFacts, type TableFacts } from "./lint/tables.js";
import type { Migration } from "./migration-files.js";

/**
 * What a pending migration creates is nobody's yet, and is not warned about.
 *
 * @param client with the migrations' search path
 */
export async function lintMigrations(
  client: ClientBase,
  pending: readonly Migration[],
): Promise<readonly MigrationWarning[]> {
  const read = pending.map((migration) => ({ migration, actions: actionsIn(migration.sql) }));
  const all = read.flatMap(({ actions }) => actions);
  if (all.length === 0) {
    return [];
  }
  const tables = all.flatMap((action) => ("table" in action ? [action.table] : []));
  const functions = all.flatMap((action) => ("definition" in action ? action.definition.functions : []));
  const now = asChanged(await readFacts(client, tables, functions));
  return read.flatMap(({ migration: { name, sql }, actions }) =>
    actions.flatMap((action) => {
      const found = judge(action, now.facts);
      now.change(action);
      return found === null ? [] : [{ migration: name, line: lineAt(sql, action.offset), ...found }];
    }),
  );
}

/** Tables that are dropped on the way, perhaps to be made anew, and those that get another name. */
function asChanged(facts: Facts): { readonly facts: Facts; change(action: Action): void } {
  const changed = new Map<string, TableFacts | null>();
  const table = (name: TableName): TableFacts | null => {
    const known = changed.get(keyOf(name));
    return known === undefined ? facts.table(name) : known;
  };
  return {
    facts: { ...facts, table },
    change: (action) => {
      if (action.does === "rename-table" && action.to !== null) {
        changed.set(keyOf({ ...action.table, name: action.to }), table(action.table));
      }
      if (action.does === "rename-table" || action.does === "drop-table") {
        changed.set(keyOf(action.table), null);
      }
    },
  };
}
