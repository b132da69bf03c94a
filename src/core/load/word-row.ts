/** One record becomes one word, or the reasons why it cannot. */
import { z } from "zod";
import type { Reject } from "../../errors.js";
import type { CsvRecord } from "./read.js";
import type { WordColumns, WordField } from "./word-columns.js";

export interface WordRow {
  readonly language: string;
  readonly term: string;
  readonly reading: string;
  readonly sense: string;
  readonly definition: string;
  readonly partOfSpeech: string | null;
  readonly level: string | null;
  readonly category: string | null;
  readonly example: string | null;
}

/** Set for all words of a run that do not say it themselves. */
export type WordDefaults = Readonly<Partial<Record<"language" | "level" | "category", string>>>;

/** PostgreSQL's text cannot hold U+0000; the limits are those of the table's check constraints. */
const cell = (max: number) =>
  z
    .string()
    .refine((text) => !text.includes("\0"), "holds a NUL character")
    .transform((text) => text.trim().normalize("NFC"))
    // Counted in characters as PostgreSQL does, and only where UTF-16 units leave it open.
    .refine((text) => text.length <= max || [...text].length <= max, `is longer than ${max} characters`);

const required = (max: number) => cell(max).refine((text) => text !== "", "is empty");
const optional = (max: number) => cell(max).transform((text) => (text === "" ? null : text));

const MAX_TAG_LENGTH = 35;
const tags = new Map<string, string | null>();

/** Canonical form of a BCP 47 tag (`ZH-hant` is `zh-Hant`), null when it is not one. Remembered: files repeat them. */
function canonicalTag(tag: string): string | null {
  let canonical = tags.get(tag);
  if (canonical === undefined) {
    try {
      const [locale = ""] = Intl.getCanonicalLocales(tag);
      // BCP 47 also has room for languages of 5 to 8 letters, but none: they are names, such as Chinese.
      canonical = /^[a-z]{2,3}(-|$)/.test(locale) ? locale : null;
    } catch {
      canonical = null;
    }
    // Bounded, as the tags may come from a hostile file.
    if (tags.size < 1_000) {
      tags.set(tag, canonical);
    }
  }
  return canonical;
}

export const languageSchema = required(MAX_TAG_LENGTH).transform((tag, context) => {
  const canonical = canonicalTag(tag);
  if (canonical === null || canonical.length > MAX_TAG_LENGTH) {
    context.addIssue({
      code: "custom",
      message: `${JSON.stringify(tag)} is not a language tag such as zh, ja or pt-BR (BCP 47)`,
    });
    return z.NEVER;
  }
  return canonical;
});

export const labelSchema = optional(100);

const WordSchema: z.ZodType<WordRow> = z.object({
  language: languageSchema,
  term: required(255),
  reading: cell(255),
  sense: cell(100),
  definition: required(4000),
  partOfSpeech: labelSchema,
  level: labelSchema,
  category: labelSchema,
  example: optional(4000),
});

export type ValidationResult = { readonly word: WordRow } | { readonly rejects: readonly Reject[] };

/** @returns a function that validates the records of one file. */
export function wordValidator(
  file: string,
  columns: WordColumns,
  defaults: WordDefaults,
): (record: CsvRecord) => ValidationResult {
  const positions = [...columns.position];
  return (record) => {
    const { line, fields } = record;
    if (fields.length !== columns.width) {
      const reason = `has ${fields.length} cells where the header has ${columns.width}${fields.length > columns.width ? "; a cell with a comma in it needs quotes" : ""}`;
      return { rejects: [{ file, line, column: 0, field: null, code: "RAGGED_ROW", reason }] };
    }
    const raw: Record<string, string> = { ...EMPTY_ROW, ...defaults };
    for (const [field, index] of positions) {
      const value = fields[index] ?? "";
      if (!(field in defaults) || value.trim() !== "") {
        raw[field] = value;
      }
    }
    const result = WordSchema.safeParse(raw);
    if (result.success) {
      return { word: result.data };
    }
    return {
      rejects: result.error.issues.map((issue) => {
        const field = issue.path[0] as WordField;
        const index = columns.position.get(field);
        return {
          ...{ file, line, column: index === undefined ? 0 : index + 1 },
          ...{
            field: index === undefined ? field : (columns.headers[index] ?? field),
            code: "INVALID_CELL",
            reason: issue.message,
          },
        };
      }),
    };
  };
}

const EMPTY_ROW: Readonly<Record<WordField, string>> = {
  ...{ language: "", term: "", reading: "", sense: "", definition: "" },
  ...{ partOfSpeech: "", level: "", category: "", example: "" },
};
