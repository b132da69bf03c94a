/** Which column of a file holds which field of a word. */
import { BadHeaderError } from "../../errors.js";

export type WordField =
  | "language"
  | "term"
  | "reading"
  | "sense"
  | "definition"
  | "partOfSpeech"
  | "level"
  | "category"
  | "example";

/** Headers seen in real vocabulary files, lower-case, without spaces, hyphens and underscores. */
const ALIASES: Readonly<Record<WordField, readonly string[]>> = {
  language: ["language", "lang", "languagecode", "locale"],
  term: [
    "term",
    "word",
    "vocabulary",
    "chinese",
    "hanzi",
    "simplified",
    "japanese",
    "kanji",
    "korean",
    "hangul",
    "russian",
    "spanish",
    "german",
    "french",
    "italian",
    "expression",
    "front",
    "headword",
    "lemma",
  ],
  reading: [
    "reading",
    "pinyin",
    "kana",
    "furigana",
    "hiragana",
    "romaji",
    "romanization",
    "pronunciation",
    "ipa",
    "transcription",
  ],
  sense: ["sense", "homograph", "disambiguation"],
  definition: ["definition", "english", "meaning", "translation", "gloss", "back"],
  partOfSpeech: ["partofspeech", "pos", "wordclass", "wordtype"],
  level: ["level", "hsk", "hsklevel", "jlpt", "jlptlevel", "cefr", "cefrlevel", "topik", "grade"],
  category: ["category", "topic", "theme", "tag"],
  example: ["example", "examplesentence", "sentence", "usage"],
};

const FIELD_OF_HEADER = new Map<string, WordField>(
  Object.entries(ALIASES).flatMap(([field, names]) => names.map((name) => [name, field as WordField] as const)),
);

export interface WordColumns {
  /** 0-based position of each field that the file has. */
  readonly position: ReadonlyMap<WordField, number>;
  /** Number of columns in the header. */
  readonly width: number;
  /** Header of each column, as it stands in the file. */
  readonly headers: readonly string[];
  /** Columns that hold no field of a word. */
  readonly unused: readonly string[];
}

/**
 * @param given fields that are set for the whole run, so that the file may lack them
 * @throws {BadHeaderError} when a field that every word needs has no column, or one has two
 */
export function resolveWordColumns(
  file: string,
  headers: readonly string[],
  given: ReadonlySet<WordField>,
): WordColumns {
  const position = new Map<WordField, number>();
  const unused: string[] = [];
  for (const [index, header] of headers.entries()) {
    const field = FIELD_OF_HEADER.get(header.toLowerCase().replace(/[\s_-]/g, ""));
    if (field === undefined) {
      unused.push(header);
      continue;
    }
    const taken = position.get(field);
    if (taken !== undefined) {
      throw new BadHeaderError(
        file,
        headers,
        `the columns ${quoted(headers[taken])} and ${quoted(header)} both mean ${field}`,
        "remove or rename one of them",
      );
    }
    position.set(field, index);
  }
  const missing = (["term", "definition", "language"] as const).filter(
    (field) => !position.has(field) && !given.has(field),
  );
  if (missing.length > 0) {
    const onlyLanguage = missing.length === 1 && missing[0] === "language";
    throw new BadHeaderError(
      file,
      headers,
      `no column for ${missing.join(", ")}`,
      onlyLanguage
        ? "say which language the words are in, for example: --language zh"
        : `known headers are ${missing.map((field) => `${ALIASES[field].slice(0, 6).join(", ")} … for ${field}`).join("; ")}`,
    );
  }
  return { position, width: headers.length, headers, unused };
}

function quoted(header: string | undefined): string {
  return JSON.stringify(header ?? "");
}
