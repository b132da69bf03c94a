/** Columns back to what the migrations make of them. */
import { type ColumnObject, referenceTo, type SchemaObject } from "../../db/catalog.js";
import type { Pair } from "./compare.js";
import type { Steps } from "./statements.js";

/** What follows the name of a column where it is made. */
export function clauseOf({ type, collation, notNull, expression, generated, identity }: ColumnObject): string {
  return [
    type,
    collation === null ? "" : ` COLLATE ${collation}`,
    generated !== "" ? ` GENERATED ALWAYS AS (${expression}) ${STORAGE[generated]}` : "",
    identity !== "" ? ` GENERATED ${IDENTITY[identity]} AS IDENTITY` : "",
    generated === "" && expression !== null ? ` DEFAULT ${expression}` : "",
    notNull ? " NOT NULL" : "",
  ].join("");
}

const STORAGE = { s: "STORED", v: "VIRTUAL" } as const;
const IDENTITY = { a: "ALWAYS", d: "BY DEFAULT" } as const;

/**
 * Generated columns that are computed otherwise, or from a column whose type has to change: how they are
 * computed cannot be altered in every version, and they hold nothing of their own.
 */
export function rebuiltColumns(pairs: readonly Pair[], wanted: readonly SchemaObject[]): ReadonlySet<string> {
  const retyped = new Set<string>();
  const rebuilt = new Set<string>();
  for (const { want, have } of pairs) {
    if (want?.kind !== "column" || have?.kind !== "column") {
      continue;
    }
    if (want.type !== have.type || want.collation !== have.collation) {
      retyped.add(referenceTo(want));
    }
    if (want.generated !== "" && have.generated !== "") {
      rebuilt.add(referenceTo(want));
    }
  }
  const missing = new Set(pairs.flatMap(({ change, want }) => (change === "missing" ? [referenceTo(want)] : [])));
  for (const object of wanted) {
    const isComputed = object.kind === "column" && object.generated !== "" && !missing.has(referenceTo(object));
    if (isComputed && object.uses.some((use) => retyped.has(use))) {
      rebuilt.add(referenceTo(object));
    }
  }
  return rebuilt;
}

export function alterColumn(
  want: ColumnObject | null,
  have: ColumnObject | null,
  rebuilt: ReadonlySet<string>,
  { drops, builds, notes }: Steps,
): void {
  const { table, name, position } = (want ?? have) as ColumnObject;
  const drop = `ALTER TABLE ${table} DROP COLUMN ${name}`;
  if (want === null) {
    notes.push({ text: `the migrations make no column ${table}.${name}; to remove it, with its values`, sql: drop });
    return;
  }
  const build = (sql: string): void => {
    builds.push({ position, sql: `ALTER TABLE ${table} ${sql}` });
  };
  const add = `ADD COLUMN ${name} ${clauseOf(want)}`;
  if (have === null) {
    if (want.notNull && want.expression === null && want.identity === "") {
      const text = `the values of ${table}.${name} are lost; it can be made again only while ${table} has no rows`;
      notes.push({ text, sql: null });
    }
    build(add);
  } else if (rebuilt.has(referenceTo(want))) {
    drops.push({ kind: "column", sql: drop });
    build(add);
  } else if (want.generated !== "") {
    const text = `${table}.${name} is no longer computed; to have it computed again, without the values it has`;
    notes.push({ text, sql: `${drop};\nALTER TABLE ${table} ${add}` });
  } else {
    for (const change of alterations(want, have)) {
      build(`ALTER COLUMN ${name} ${change}`);
    }
  }
}

function alterations(want: ColumnObject, have: ColumnObject): string[] {
  const changes: string[] = [];
  let { expression } = have;
  if (have.generated !== "") {
    changes.push("DROP EXPRESSION");
    expression = null;
  }
  if (have.identity !== "" && want.identity === "") {
    changes.push("DROP IDENTITY");
  }
  if (want.type !== have.type || want.collation !== have.collation) {
    // A default is not cast along with the values.
    if (expression !== null) {
      changes.push("DROP DEFAULT");
      expression = null;
    }
    const collate = want.collation === null ? "" : ` COLLATE ${want.collation}`;
    changes.push(`TYPE ${want.type}${collate} USING ${want.name}::${want.type}`);
  }
  if (want.expression !== expression) {
    changes.push(want.expression === null ? "DROP DEFAULT" : `SET DEFAULT ${want.expression}`);
  }
  if (want.notNull !== have.notNull) {
    changes.push(want.notNull ? "SET NOT NULL" : "DROP NOT NULL");
  }
  if (want.identity !== "" && want.identity !== have.identity) {
    const kind = `GENERATED ${IDENTITY[want.identity]}`;
    changes.push(have.identity === "" ? `ADD ${kind} AS IDENTITY` : `SET ${kind}`);
  }
  return changes;
}
