/** In what a schema differs from what the migrations make. */
import { type ConstraintObject, type ObjectKind, referenceTo, type SchemaObject } from "../../db/catalog.js";

export interface Difference {
  readonly kind: ObjectKind;
  /** Quoted where SQL needs it, and with the name of the table where it belongs to one. */
  readonly name: string;
  readonly change: "missing" | "changed" | "extra";
}

/** A difference with both sides of it. */
export type Pair =
  | { readonly change: "missing"; readonly want: SchemaObject; readonly have: null }
  | { readonly change: "extra"; readonly want: null; readonly have: SchemaObject }
  | { readonly change: "changed"; readonly want: SchemaObject; readonly have: SchemaObject };

/**
 * What belongs to a table that only one side has goes with the table, but for what a missing table's own
 * statement does not make.
 *
 * @param wanted as the migrations make it
 * @param had as the database has it
 */
export function compareSchemas(wanted: readonly SchemaObject[], had: readonly SchemaObject[]): Pair[] {
  const wantedBy = new Map(wanted.map((object) => [referenceTo(object), object]));
  const hadBy = new Map(had.map((object) => [referenceTo(object), object]));
  const pairs: Pair[] = [];
  for (const [reference, want] of wantedBy) {
    const have = hadBy.get(reference);
    if (have === undefined) {
      pairs.push({ change: "missing", want, have: null });
    } else if (!isSame(want, have)) {
      pairs.push({ change: "changed", want, have });
    }
  }
  for (const [reference, have] of hadBy) {
    const isOnOwnTable = have.table === null || wantedBy.has(`table ${have.table}`);
    if (!wantedBy.has(reference) && isOnOwnTable) {
      pairs.push({ change: "extra", want: null, have });
    }
  }
  return pairs;
}

/** @param hasTable whether the database has the table */
export function differencesOf(pairs: readonly Pair[]): Difference[] {
  const missing = new Set(pairs.flatMap(({ want, change }) => (change === "missing" ? [referenceTo(want)] : [])));
  return pairs
    .map(({ change, want, have }) => ({ change, object: want ?? have }))
    .filter(({ object: { table } }) => table === null || !missing.has(`table ${table}`))
    .map(({ change, object: { kind, table, name } }) => ({
      ...{ kind, change },
      name: table === null ? name : `${table}.${name}`,
    }));
}

/** `index users.users_email_key is missing` */
export function describeDifference({ kind, name, change }: Difference): string {
  return `${kind} ${name} ${{ missing: "is missing", changed: "differs", extra: "is not of the migrations" }[change]}`;
}

/** A constraint that did not look at the rows there were; validating it later is no difference. */
const NOT_VALID = / NOT VALID$/;

/** The same rule, of which the database does not know that it holds for every row. */
export function lacksValidation(want: ConstraintObject, have: ConstraintObject): boolean {
  return have.sql === `${want.sql} NOT VALID`;
}

function isSame(want: SchemaObject, have: SchemaObject): boolean {
  const validated = want.kind === "constraint" && have.kind === "constraint" && !NOT_VALID.test(have.sql);
  return content(validated ? { ...want, sql: want.sql.replace(NOT_VALID, "") } : want) === content(have);
}

/** The fields come from one query, so they stand in one order on both sides. */
function content(object: SchemaObject): string {
  return JSON.stringify({ ...object, position: 0, uses: [] });
}
