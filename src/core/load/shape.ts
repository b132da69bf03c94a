/** What a table's rows are made of: the one description that reading, staging and merging work from. */

/** A cell that cannot be taken, and why; continues "reading: …". */
export class Refusal {
  constructor(readonly reason: string) {}
}

export interface Field {
  /** As it is called in messages and options. */
  readonly name: string;
  /** Its column in the database. */
  readonly column: string;
  /** Every file needs it, as a column or as an option of the run. */
  readonly required: boolean;
  /** Headers that mean it, lower-case, without spaces, hyphens and underscores. */
  readonly aliases: readonly string[];
  /** From a cell to what is stored; null is stored for a cell that says there is nothing. */
  readonly parse: (text: string) => string | null | Refusal;
  /** In PostgreSQL. Default: text. */
  readonly type?: "integer" | "double precision" | "timestamptz(3)";
  /** An empty cell says nothing, as a missing one does: the column takes no null. */
  readonly emptyIsAbsent?: boolean;
  /** Set with a new row only; what the database holds of others is neither compared nor changed. */
  readonly insertOnly?: boolean;
}

export interface Shape {
  /** What one row is, in the singular. */
  readonly noun: string;
  readonly table: string;
  /** The natural key, made of required and never-null fields. */
  readonly key: readonly Field[];
  /** The other fields. One that a file does not have keeps what the database holds. */
  readonly content: readonly Field[];
  /** What holds between fields, given the values of the content in its order. */
  readonly check?: (content: readonly (string | null)[]) => RowFault | null;
}

export interface RowFault {
  /** Name of the field that is at fault. */
  readonly field: string;
  readonly reason: string;
}

/** Values by field that hold for every record of a run that does not say them itself. */
export type Defaults = Readonly<Record<string, string>>;

export function fieldsOf(shape: Shape): readonly Field[] {
  return [...shape.key, ...shape.content];
}

/** In SQL: the columns of some fields, of the table that `alias` stands for. */
export function columnsOf(fields: readonly Pick<Field, "column">[], alias?: string): string {
  return fields.map(({ column }) => (alias === undefined ? column : `${alias}.${column}`)).join(", ");
}

/** @param values of the key's fields, in their order */
export function naturalKeyOf({ key }: Shape, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(key.map(({ name }, index) => [name, values[index] ?? ""]));
}

/** Characters that a composed form (NFC) may have to be looked for in; all below are composed. */
const MAY_COMPOSE = /[^\u0000-\u02ff]/;

/**
 * A cell of text: trimmed, in Unicode's composed form, so that the same word is the same bytes.
 *
 * @param max in characters, as PostgreSQL counts them
 * @param empty what an empty cell is: refused, the empty text, or nothing
 */
export function textCell(max: number, empty: "refused"): (text: string) => string | Refusal;
export function textCell(max: number, empty: "text"): (text: string) => string | Refusal;
export function textCell(max: number, empty: "null"): (text: string) => string | null | Refusal;
export function textCell(max: number, empty: "refused" | "text" | "null") {
  const tooLong = new Refusal(`is longer than ${max} characters`);
  const missing = new Refusal("is empty");
  const nothing = { refused: missing, text: "", null: null }[empty];
  return (text: string): string | null | Refusal => {
    const trimmed = text.trim();
    if (trimmed === "") {
      return nothing;
    }
    const composed = MAY_COMPOSE.test(trimmed) ? trimmed.normalize("NFC") : trimmed;
    // UTF-16 units are never fewer than characters.
    return composed.length > max && [...composed].length > max ? tooLong : composed;
  };
}
