/** Results that are lists: where their rows are, and what they are printed as. */
import { UsageError } from "../errors/usage.js";

/** `table` is the text of the command. */
export const LIST_FORMATS = ["table", "json", "ndjson", "csv"] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

/** Where the rows of a result are, and what they consist of, whether there are any or not. */
export interface Listing<Rows extends string = string, Field extends string = string> {
  /** The property of the result that holds them. */
  readonly rows: Rows;
  /** In the order of the columns in CSV. */
  readonly fields: readonly Field[];
  /** Headers in CSV, where they are not the name of the field in snake_case. null: a field that no cell can hold. */
  readonly headers?: Readonly<Partial<Record<Field, string | null>>>;
}

/** Any list that a result has, with the fields of its rows. */
export type ListingOf<R> = {
  [K in keyof R & string]: NonNullable<R[K]> extends readonly (infer Row extends object)[]
    ? Listing<K, keyof Row & string>
    : never;
}[keyof R & string];

/** A list, and how its rows are written. */
export interface Listed extends Listing {
  readonly escapeFormulas: boolean;
}

interface Given {
  readonly format?: ListFormat | undefined;
  readonly escapeFormulas?: boolean;
}

/**
 * @param json whether `--json` was given as well
 * @throws {UsageError} when the options contradict each other
 */
export function formatOf(given: Given, json: boolean): ListFormat {
  const { format = json ? "json" : "table", escapeFormulas: isEscaped = false } = given;
  if (json && format !== "json") {
    throw new UsageError(`give one of --json and --format ${format}`);
  }
  if (isEscaped && format !== "csv") {
    throw new UsageError("--escape-formulas is for CSV: --format csv");
  }
  return format;
}
