/** The SQL that leads from what a schema is back to what the migrations make of it. */
import {
  type ColumnObject,
  type FiringObject,
  type IndexObject,
  referenceTo,
  type SchemaObject,
  type TableObject,
} from "../../db/catalog.js";
import { alterColumn, clauseOf, rebuiltColumns } from "./column-statements.js";
import { lacksValidation, type Pair } from "./compare.js";

/** Statements without semicolons. */
export interface Steps {
  /** In the order of {@link DROP_ORDER}. */
  readonly drops: { readonly kind: (typeof DROP_ORDER)[number]; readonly sql: string }[];
  /** In the order of their positions. */
  readonly builds: { readonly position: number; readonly sql: string }[];
  /** What only a person can decide: an explanation, and the statement if there is one. */
  readonly notes: { readonly text: string; readonly sql: string | null }[];
}

/** What depends on others goes before them. Foreign keys are constraints, and depend on the indexes of others. */
const DROP_ORDER = [
  "rule",
  "trigger",
  "policy",
  "view",
  "foreign key",
  "constraint",
  "index",
  "column",
  "function",
] as const;

/**
 * One transaction, so that it takes effect as a whole. Nothing in it removes rows, columns or what stands beside
 * vocabdb's own: statements that would are comments.
 *
 * @param schema quoted
 * @param wanted all that the migrations make
 */
export function correctionOf(pairs: readonly Pair[], wanted: readonly SchemaObject[], schema: string): string {
  const { statements, notes } = stepsOf(pairs, wanted);
  return ["BEGIN;", `SET LOCAL search_path TO ${schema};`, ...statements, ...notes, "COMMIT;"].join("\n");
}

/** Makes objects anew, from the server's words for them. */
export function remakingOf(objects: readonly SchemaObject[], wanted: readonly SchemaObject[]): string {
  const pairs = objects.map((object) => ({ change: "changed" as const, want: object, have: object }));
  return stepsOf(pairs, wanted).statements.join("\n");
}

function stepsOf(pairs: readonly Pair[], wanted: readonly SchemaObject[]) {
  const steps: Steps = { drops: [], builds: [], notes: [] };
  for (const pair of withDependents(pairs, wanted)) {
    correct(pair, steps, pairs, wanted);
  }
  reindex(pairs, wanted, steps);
  const drops = steps.drops.sort((a, b) => DROP_ORDER.indexOf(a.kind) - DROP_ORDER.indexOf(b.kind));
  const builds = steps.builds.sort((a, b) => a.position - b.position);
  return {
    statements: [...drops, ...builds].map(({ sql }) => `${sql};`),
    notes: steps.notes.map(({ text, sql }) => comment(sql === null ? text : `${text}:\n${sql};`)),
  };
}

/** Names may hold line ends, at which a comment would end. */
function comment(text: string): string {
  return text.replace(/^/gm, "-- ");
}

/** Generated columns are made again, and with them what is built on them. */
function withDependents(pairs: readonly Pair[], wanted: readonly SchemaObject[]): Pair[] {
  const rebuilt = rebuiltColumns(pairs, wanted);
  const known = new Set(pairs.map(({ want, have }) => referenceTo(want ?? have)));
  const dependents = wanted.filter(
    (object) =>
      !known.has(referenceTo(object)) &&
      (rebuilt.has(referenceTo(object)) ||
        ((object.kind === "index" || object.kind === "constraint") && object.uses.some((use) => rebuilt.has(use)))),
  );
  return [...pairs, ...dependents.map((object) => ({ change: "changed" as const, want: object, have: object }))];
}

function correct(pair: Pair, steps: Steps, pairs: readonly Pair[], wanted: readonly SchemaObject[]): void {
  const { want, have } = pair;
  const object = want ?? have;
  switch (object.kind) {
    case "table":
      correctTable(want as TableObject | null, have as TableObject | null, steps, wanted);
      break;
    case "column":
      if (!isMissing(object.table, pairs)) {
        alterColumn(want as ColumnObject | null, have as ColumnObject | null, rebuiltColumns(pairs, wanted), steps);
      }
      break;
    case "type":
    case "view":
    case "sequence":
    case "function":
    case "extension":
      correctObject(pair, steps);
      break;
    default:
      correctPart(pair, steps);
  }
}

function isMissing(table: string, pairs: readonly Pair[]): boolean {
  return pairs.some(({ change, want }) => change === "missing" && want.kind === "table" && want.name === table);
}

function correctTable(
  want: TableObject | null,
  have: TableObject | null,
  { builds, notes }: Steps,
  wanted: readonly SchemaObject[],
): void {
  if (want === null) {
    noteForeign(have, notes);
    return;
  }
  const { name, position } = want;
  const build = (sql: string): void => {
    builds.push({ position, sql });
  };
  if (have === null) {
    const columns = wanted.filter((object) => object.kind === "column" && object.table === name) as ColumnObject[];
    // A column that was added later may be computed by a function that was made after the table.
    const later = columns.filter((column) => column.uses.some((use) => positionOf(use, wanted) > position));
    const first = columns.filter((column) => !later.includes(column));
    build(
      `CREATE ${want.logged ? "" : "UNLOGGED "}TABLE ${name} (\n${first.map((column) => `  ${column.name} ${clauseOf(column)}`).join(",\n")}\n)`,
    );
    for (const column of later) {
      builds.push({
        position: column.position,
        sql: `ALTER TABLE ${name} ADD COLUMN ${column.name} ${clauseOf(column)}`,
      });
    }
  } else if (want.logged !== have.logged) {
    build(`ALTER TABLE ${name} SET ${want.logged ? "LOGGED" : "UNLOGGED"}`);
  }
  if (want.rowSecurity !== (have?.rowSecurity ?? false)) {
    build(`ALTER TABLE ${name} ${want.rowSecurity ? "ENABLE" : "DISABLE"} ROW LEVEL SECURITY`);
  }
  if (want.rowSecurityForced !== (have?.rowSecurityForced ?? false)) {
    build(`ALTER TABLE ${name} ${want.rowSecurityForced ? "FORCE" : "NO FORCE"} ROW LEVEL SECURITY`);
  }
  if (have !== null && want.keysEnforced && !have.keysEnforced) {
    // Takes a superuser, as disabling them did.
    build(`ALTER TABLE ${name} ENABLE TRIGGER ALL`);
  }
}

function positionOf(reference: string, wanted: readonly SchemaObject[]): number {
  return wanted.find((object) => referenceTo(object) === reference && object.kind === "function")?.position ?? 0;
}

/** What stands in the schema by itself. */
function correctObject({ change, want, have }: Pair, { drops, builds, notes }: Steps): void {
  const { name } = want ?? have;
  if (change === "extra") {
    noteForeign(have, notes);
    return;
  }
  if (!("sql" in want)) {
    return;
  }
  const build = (sql: string): void => {
    builds.push({ position: want.position, sql });
  };
  if (change === "missing") {
    build(want.sql);
  } else if (want.kind === "type") {
    notes.push({
      text: `the type ${name} is not as it was made; what uses it decides how to change it`,
      sql: want.sql,
    });
  } else if (want.kind === "sequence") {
    build(want.sql.replace("CREATE", "ALTER"));
  } else {
    const mayReplace = want.kind === "function" && have.kind === "function" && want.signature === have.signature;
    if (!mayReplace) {
      drops.push({ kind: want.kind === "view" ? "view" : "function", sql: `DROP ${keywordOf(have)} ${name}` });
    }
    build(want.sql);
  }
}

/** What a statement calls an object that stands in the schema by itself. */
export function keywordOf(object: SchemaObject): string {
  if (object.kind === "function") {
    return "ROUTINE";
  }
  const isMaterialized = object.kind === "view" && object.sql.startsWith("CREATE MATERIALIZED");
  return isMaterialized ? "MATERIALIZED VIEW" : object.kind.toUpperCase();
}

/** It may belong to another application, and harms nobody. */
function noteForeign(have: SchemaObject | null, notes: Steps["notes"]): void {
  if (have !== null) {
    const { kind, name } = have;
    const sql = `DROP ${keywordOf(have)} ${name}`;
    notes.push({ text: `the migrations make no ${kind} ${name}; to remove it, with all it holds`, sql });
  }
}

/** What belongs to a table and holds no data: made anew where it differs. */
function correctPart({ change, want, have }: Pair, { drops, builds }: Steps): void {
  const object = want ?? have;
  if (!("sql" in object) || object.table === null) {
    return;
  }
  const { kind, table, name, position } = object;
  const alter = `ALTER TABLE ${table}`;
  const build = (sql: string): void => {
    builds.push({ position, sql });
  };
  if (want?.kind === "constraint" && have?.kind === "constraint" && lacksValidation(want, have)) {
    build(`${alter} VALIDATE CONSTRAINT ${name}`);
    return;
  }
  const keepsBody = change === "changed" && "sql" in have && have.sql === object.sql && have !== want;
  if (!keepsBody && change !== "missing") {
    const isForeignKey = object.kind === "constraint" && object.isForeignKey;
    drops.push({
      kind: isForeignKey ? "foreign key" : kind,
      sql:
        kind === "constraint"
          ? `${alter} DROP CONSTRAINT ${name}`
          : kind === "index"
            ? `DROP INDEX ${name}`
            : `DROP ${kind.toUpperCase()} ${name} ON ${table}`,
    });
  }
  if (want === null) {
    return;
  }
  if (keepsBody && kind === "index") {
    // What is left of a build that failed takes part in no query.
    build(`REINDEX INDEX ${name}`);
  } else if (!keepsBody) {
    build(kind === "constraint" ? `${alter} ADD CONSTRAINT ${name} ${object.sql}` : object.sql);
  }
  if ((want.kind === "trigger" || want.kind === "rule") && (keepsBody || want.enabled !== "O")) {
    build(`${alter} ${switchOf(want)} ${kind.toUpperCase()} ${name}`);
  }
}

function switchOf({ enabled }: FiringObject): string {
  return { O: "ENABLE", D: "DISABLE", R: "ENABLE REPLICA", A: "ENABLE ALWAYS" }[enabled];
}

/** The entries of an index are as old as the function that computed them. */
function reindex(pairs: readonly Pair[], wanted: readonly SchemaObject[], { builds }: Steps): void {
  const changed = new Set(pairs.flatMap(({ want }) => (want?.kind === "function" ? [referenceTo(want)] : [])));
  if (changed.size === 0) {
    return;
  }
  // In the order in which they were made, so that one function's users come after it.
  for (const object of [...wanted].sort((a, b) => a.position - b.position)) {
    if (object.kind === "function" && object.uses.some((use) => changed.has(use))) {
      changed.add(referenceTo(object));
    }
  }
  const differing = new Set(pairs.map(({ want, have }) => referenceTo(want ?? have)));
  const stale = wanted.filter(
    (object): object is IndexObject =>
      object.kind === "index" && object.uses.some((use) => changed.has(use)) && !differing.has(referenceTo(object)),
  );
  for (const { name } of stale) {
    builds.push({ position: Number.POSITIVE_INFINITY, sql: `REINDEX INDEX ${name}` });
  }
}
