/** What is said about an action, of a table as it is. */
import type { MigrationWarning } from "../../finding.js";
import type { Action } from "./actions.js";
import type { TableName } from "./reader.js";
import type { Facts, TableFacts } from "./tables.js";
import { isRewrite } from "./types.js";

type Warning = Pick<MigrationWarning, "id" | "message" | "fix">;

/** From here on reading or writing the whole table takes long enough to be noticed. */
const LARGE_ROWS = 100_000;

const TWO_STEPS = "deploy first a version that does without it, and drop it in a later migration";
const IN_BATCHES = "do it in batches, outside of migrations";
const OWN_MIGRATION = "in a migration of its own, which holds nothing else";

/** @returns null if there is nothing to say: tables that are not there yet are nobody's */
export function judge(action: Action, facts: Facts): Warning | null {
  switch (action.does) {
    case "control-transaction":
      return warning(
        "own-transaction",
        `${action.words} takes the migration out of its transaction: what comes before stays if the rest fails, and it cannot be tried with --dry-run`,
        "leave it out; what has to be committed by itself goes into a migration of its own",
      );
    case "act-alone":
      return warning(
        "not-alone",
        `PostgreSQL refuses ${action.words} beside other statements in a migration`,
        `put it ${OWN_MIGRATION}`,
      );
    case "drop-schema":
      return warning(
        "drop-schema",
        `drops the schema ${action.schema}`,
        "make sure that nothing uses it, and keep a dump",
      );
    default: {
      const table = facts.table(action.table);
      return table === null ? null : judgeTable(action, table, facts);
    }
  }
}

type TableAction = Extract<Action, { readonly table: TableName }>;

function judgeTable(action: TableAction, table: TableFacts, facts: Facts): Warning | null {
  const { rows } = table;
  const name = textOf(action.table);
  const sized = `${name} (about ${Math.round(rows).toLocaleString("en-US")} rows)`;
  const isLarge = rows >= LARGE_ROWS;
  switch (action.does) {
    case "drop-table":
      return warning("drop-table", `drops ${sized} with everything in it`, `${TWO_STEPS}; keep a dump`);
    case "rename-table":
      return warning(
        "rename-table",
        `${name} is no longer found under its name, by the programs that run now`,
        "leave a view under the old name until nothing uses it",
      );
    case "truncate":
      return warning(
        "truncate",
        `empties ${sized}`,
        "make sure that this is meant for every database it is deployed to",
      );
    case "delete-all":
      return warning("delete-all", `deletes every row of ${sized}: it has no WHERE`, "say which rows with WHERE");
    case "update-all":
      return isLarge
        ? warning("update-all", `rewrites every row of ${sized} and locks it until the migration ends`, IN_BATCHES)
        : null;
    case "create-index":
      return isLarge && !action.concurrently
        ? warning(
            "index-blocks",
            `builds an index on ${sized}, while nobody can write to it`,
            `CREATE INDEX CONCURRENTLY, ${OWN_MIGRATION}`,
          )
        : null;
    case "add-constraint":
      return isLarge && !action.constraint.cheap ? constraintWarning(action.constraint.kind, sized) : null;
    default:
      return judgeColumn(action, table, facts);
  }
}

function constraintWarning(kind: "foreign key" | "check" | "unique", table: string): Warning {
  return kind === "unique"
    ? warning(
        "constraint-builds-index",
        `builds the index of a constraint on ${table}, while nobody can use the table`,
        `CREATE UNIQUE INDEX CONCURRENTLY, ${OWN_MIGRATION}, then ADD CONSTRAINT … USING INDEX`,
      )
    : warning(
        "constraint-scans",
        `checks every row of ${table} for a ${kind} constraint, while nobody can write to it`,
        "add it NOT VALID, and VALIDATE CONSTRAINT in a later migration",
      );
}

type ColumnAction = Extract<Action, { readonly column: string }>;

function judgeColumn(action: ColumnAction, { rows, types, neverNull }: TableFacts, facts: Facts): Warning | null {
  const { column } = action;
  const name = `${textOf(action.table)}.${column}`;
  const isNew = !types.has(column);
  switch (action.does) {
    case "drop-column":
      return isNew ? null : warning("drop-column", `drops the column ${name} with everything in it`, TWO_STEPS);
    case "rename-column":
      return isNew
        ? null
        : warning(
            "rename-column",
            `${name} is no longer found under its name, by the programs that run now`,
            "add a column of the new name, have programs write both, and drop the old one in a later migration",
          );
    case "set-not-null":
      return neverNull.has(column)
        ? null
        : warning(
            "set-not-null",
            `fails if ${name} is null anywhere, and reads the whole table to see, while nobody can use it`,
            `ADD CONSTRAINT … CHECK (${column} IS NOT NULL) NOT VALID, and VALIDATE CONSTRAINT in a later migration; after that it takes no time`,
          );
    case "add-column":
      return addedColumn(action, name, rows === 0, facts);
    case "change-type": {
      const type = types.get(column);
      const isFree = type === undefined || rows === 0 || (!action.using && !isRewrite(type, action.type));
      return isFree
        ? null
        : warning(
            "type-rewrites",
            `changes ${name} from ${type} to ${action.type}, which rewrites the table while nobody can use it`,
            "add a column of the new type, fill it in batches, and drop the old one in a later migration",
          );
    }
  }
}

function addedColumn(
  { definition }: Extract<ColumnAction, { readonly does: "add-column" }>,
  name: string,
  isEmpty: boolean,
  facts: Facts,
): Warning | null {
  const { notNull, hasDefault, computed, functions } = definition;
  if (notNull && !hasDefault) {
    return warning(
      "add-not-null",
      `adds ${name} NOT NULL without a default, which fails if the table has a row`,
      "give it a DEFAULT; or add it without NOT NULL, fill it, and set NOT NULL in a later migration",
    );
  }
  return !isEmpty && (computed || functions.some((each) => facts.isVolatile(each)))
    ? warning(
        "default-rewrites",
        `adds ${name} with a value of its own for each row, which rewrites the table while nobody can use it`,
        "add it without, set the default for new rows, and fill the old ones in batches",
      )
    : null;
}

function textOf({ schema, name }: TableName): string {
  return schema === null ? name : `${schema}.${name}`;
}

function warning(id: string, message: string, fix: string): Warning {
  return { id, message, fix };
}
