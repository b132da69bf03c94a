/** Arguments and options as help shows them and shells complete them; what their values are is told by the commands. */

/** What options are for. Help shows them in this order, after those that are in no group. */
export const OPTION_GROUPS = [
  "Input",
  "Bad records",
  "Selection",
  "Output",
  "Changing data",
  "Connection",
  "General",
] as const;
export type OptionGroup = (typeof OPTION_GROUPS)[number];

/** What a shell completes a value with. Those of an enumeration need not be declared: the schema has them. */
export type Completes =
  | "file"
  | "folder"
  /** Live users; with `--deleted` on the line, the soft-deleted ones too. */
  | "email"
  | "deletedEmail"
  | "anyEmail"
  | "language"
  /** Of the words of `--language`, if that is on the line. */
  | "level"
  /** Words that are known without a database; asked for when they are needed. */
  | { readonly words: () => Promise<readonly string[]>; readonly separator?: "," };

/** An argument or option as help shows it. */
export interface Described {
  /** Commander's notation: `-n, --dry-run`, `--limit <count>`; for an argument `<email>`, `[email]`, `<id...>`. */
  readonly flags: string;
  readonly description: string;
  /** May be given several times; the schema then takes a list. */
  readonly repeatable?: boolean;
  readonly group?: OptionGroup;
  readonly completes?: Completes;
}
