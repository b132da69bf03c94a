/** What the statements of a migration do to tables, as far as the lint has something to say about it. */
import { actsAlone, controlsTransaction } from "../../db/sql-script.js";
import { type Statement, statementsIn, type Token, wordOf } from "../../db/sql-tokens.js";
import { Reader, type TableName } from "./reader.js";

interface OnTable {
  readonly table: TableName;
}

interface OnColumn extends OnTable {
  readonly column: string;
}

export type Deed =
  | ({ readonly does: "drop-table" | "truncate" | "delete-all" | "update-all" } & OnTable)
  | ({ readonly does: "create-index"; readonly concurrently: boolean } & OnTable)
  | ({ readonly does: "rename-table"; readonly to: string | null } & OnTable)
  | ({ readonly does: "drop-column" | "set-not-null" | "rename-column" } & OnColumn)
  | ({ readonly does: "change-type"; readonly type: string; readonly using: boolean } & OnColumn)
  | ({ readonly does: "add-column"; readonly definition: ColumnDefinition } & OnColumn)
  | ({ readonly does: "add-constraint"; readonly constraint: ConstraintDefinition } & OnTable)
  | { readonly does: "drop-schema"; readonly schema: string }
  /** What was meant to run in the script's own transaction, and cannot. */
  | { readonly does: "control-transaction" | "act-alone"; readonly words: string };

export interface ColumnDefinition {
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** Each row gets a value of its own, whatever the default's functions are. */
  readonly computed: boolean;
  /** Names of the functions that its default calls. */
  readonly functions: readonly string[];
}

export interface ConstraintDefinition {
  readonly kind: "foreign key" | "check" | "unique";
  /** It counts for new rows only, or its index is there already. */
  readonly cheap: boolean;
}

export type Action = Deed & { readonly offset: number };

/** What stands in quotes, such as the body of a DO block, is not looked into. */
export function actionsIn(script: string): Action[] {
  const statements = statementsIn(script);
  return statements.flatMap((statement) => [
    ...transactionDeeds(statement, statements.length).map((deed) => ({ ...deed, offset: statement.offset })),
    ...deedsOf(new Reader(statement.tokens), statement),
  ]);
}

function transactionDeeds(statement: Statement, statements: number): Deed[] {
  const words = statement.tokens.slice(0, 3).map(({ text }) => text);
  if (controlsTransaction(statement)) {
    return [{ does: "control-transaction", words: words.slice(0, 2).join(" ") }];
  }
  return actsAlone(statement) && statements > 1 ? [{ does: "act-alone", words: words.join(" ") }] : [];
}

function deedsOf(reader: Reader, { offset }: Statement): Action[] {
  const at = (deeds: readonly Deed[]): Action[] => deeds.map((deed) => ({ ...deed, offset }));
  if (reader.take("alter table")) {
    return alterations(reader);
  }
  if (reader.takeOne("drop table", "drop materialized view")) {
    reader.take("if exists");
    return at(reader.tables().map((table) => ({ does: "drop-table", table })));
  }
  if (reader.take("drop schema")) {
    reader.take("if exists");
    return at(reader.tables().map(({ name }) => ({ does: "drop-schema", schema: name })));
  }
  if (reader.take("truncate")) {
    reader.take("table");
    return at(reader.tables().map((table) => ({ does: "truncate", table })));
  }
  if (reader.takeOne("create index", "create unique index")) {
    return at(indexDeeds(reader));
  }
  return at(rowDeeds(reader));
}

function indexDeeds(reader: Reader): Deed[] {
  const concurrently = reader.take("concurrently");
  reader.skipTo("on");
  reader.take("only");
  return onTable(reader, (table) => ({ does: "create-index", table, concurrently }));
}

/** Only of the statement itself: not of a WITH before it. */
function rowDeeds(reader: Reader): Deed[] {
  const verb = reader.takeOne("delete", "update")
    ? wordOf(reader.tokens[0])
    : reader.take("with") && reader.skipTo("delete", "update", "insert", "select", "merge");
  if (verb !== "delete" && verb !== "update") {
    return [];
  }
  reader.take("from");
  reader.take("only");
  return onTable(reader, (table) => (reader.has("where") ? null : { does: `${verb}-all`, table }));
}

function onTable(reader: Reader, deed: (table: TableName) => Deed | null): Deed[] {
  const table = reader.table();
  const found = table === null ? null : deed(table);
  return found === null ? [] : [found];
}

function alterations(reader: Reader): Action[] {
  reader.take("if exists");
  reader.take("only");
  const table = reader.table();
  if (table === null) {
    return [];
  }
  return reader.parts().flatMap((part) => {
    const { offset } = part;
    const deed = alteration(part, table);
    return deed === null ? [] : [{ ...deed, offset }];
  });
}

const CONSTRAINTS = ["constraint", "primary", "unique", "check", "foreign", "exclude", "not"];

function alteration(part: Reader, table: TableName): Deed | null {
  if (part.take("set schema")) {
    return { does: "rename-table", table, to: null };
  }
  if (part.take("rename to")) {
    return { does: "rename-table", table, to: part.name() };
  }
  const verb = wordOf(part.rest[0]);
  if (!["add", "drop", "alter", "rename"].includes(verb) || !part.take(verb)) {
    return null;
  }
  if (CONSTRAINTS.includes(wordOf(part.rest[0]))) {
    return verb === "add" ? addedConstraint(part, table) : null;
  }
  part.take("column");
  part.takeOne("if not exists", "if exists");
  const column = part.name();
  if (column === null) {
    return null;
  }
  switch (verb) {
    case "add":
      return { does: "add-column", table, column, definition: columnDefinition(part) };
    case "drop":
      return { does: "drop-column", table, column };
    case "rename":
      return { does: "rename-column", table, column };
    default:
      return columnAlteration(part, { table, column });
  }
}

function columnAlteration(part: Reader, on: OnColumn): Deed | null {
  if (part.take("set not null")) {
    return { does: "set-not-null", ...on };
  }
  if (!part.takeOne("type", "set data type")) {
    return null;
  }
  const end = part.rest.findIndex((token) => ["using", "collate"].includes(wordOf(token)));
  const type = end === -1 ? part.rest : part.rest.slice(0, end);
  return { does: "change-type", ...on, type: type.map(({ text }) => text).join(" "), using: part.has("using") };
}

function columnDefinition(part: Reader): ColumnDefinition {
  const outline = part.outline();
  const isIdentity = /\bas identity\b/.test(outline);
  const isGenerated = /\bgenerated always as\b/.test(outline) && !isIdentity;
  const isSerial = /^(small|big)?serial[248]?\b/.test(outline);
  return {
    notNull: /\bnot null\b|\bprimary key\b/.test(outline),
    hasDefault: /\bdefault\b/.test(outline) || isIdentity || isGenerated || isSerial,
    computed: isIdentity || isSerial || (isGenerated && !/\bvirtual\b/.test(outline)),
    functions: part.skipTo("default") === null ? [] : functionsIn(part.rest),
  };
}

/** Names before an opening parenthesis; some are those of types, such as numeric(10, 2). */
function functionsIn(tokens: readonly Token[]): string[] {
  return tokens.filter((token, index) => token.kind === "word" && tokens[index + 1]?.text === "(").map(wordOf);
}

function addedConstraint(part: Reader, table: TableName): Deed | null {
  if (part.take("constraint")) {
    part.name();
  }
  const constraint = (kind: ConstraintDefinition["kind"], cheap: boolean): Deed => ({
    ...{ does: "add-constraint", table, constraint: { kind, cheap } },
  });
  if (part.take("foreign key")) {
    return constraint("foreign key", part.has("not valid"));
  }
  if (part.takeOne("check", "not null")) {
    return constraint("check", part.has("not valid"));
  }
  return part.takeOne("unique", "primary key", "exclude") ? constraint("unique", part.has("using index")) : null;
}
