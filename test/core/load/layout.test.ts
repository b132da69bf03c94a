import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seed } from "../../../src/cli/commands/seed.js";
import { type LayoutOptions, plain, resolveLayout } from "../../../src/core/load/layout.js";
import type { Layout } from "../../../src/core/load/records.js";
import { fieldsOf } from "../../../src/core/load/shape.js";
import { WORDS } from "../../../src/core/load/word-shape.js";
import { BadHeaderError } from "../../../src/errors/loading.js";

type Options = { readonly given?: readonly string[]; readonly map?: LayoutOptions["map"] };

const GIVEN = { given: ["language"] };

function layoutOf(headers: readonly string[], { given = [], map = {} }: Options = {}): Layout {
  return resolveLayout("words.csv", headers, { shape: WORDS, given: new Set(given), map });
}

/** Field → 0-based column, of the fields that have one. */
function columns(headers: readonly string[], options?: Options): Record<string, number> {
  const { position } = layoutOf(headers, options);
  const found = fieldsOf(WORDS).map(({ name }, index) => [name, position[index] ?? -1] as const);
  return Object.fromEntries(found.filter(([, column]) => column !== -1));
}

function refusal(headers: readonly string[], options?: Options): BadHeaderError {
  try {
    layoutOf(headers, options);
  } catch (error) {
    if (error instanceof BadHeaderError) {
      return error;
    }
    throw error;
  }
  throw new Error(`${headers.join()} was accepted`);
}

/** The options that a hint advises, as the command line has them after a shell has taken them apart. */
function advised(hint: string | null): { maps: string[]; language: string | null } {
  const typed = (hint ?? "")
    .split(/(?:^|; )say which [^:]*: /)
    .slice(1)
    .join(" ");
  const words = execFileSync("bash", ["-c", `printf '%s\\0' ${typed}`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);
  const valuesOf = (option: string) => words.filter((_, index) => words[index - 1] === option);
  return { maps: valuesOf("--map"), language: valuesOf("--language")[0] ?? null };
}

/** As the command itself does it. */
function parseMaps(maps: readonly string[]): Record<string, string> {
  return seed.commands[0]?.options.map?.schema.parse(maps) as Record<string, string>;
}

/** Does what the hints say, one after the other, until the header is taken. */
function followHints(headers: readonly string[], { given = [] }: Options = {}): Record<string, number> {
  const maps: string[] = [];
  const all = [...given];
  for (let attempt = 0; attempt < 10; attempt += 1) {
    try {
      return columns(headers, { map: parseMaps(maps), given: all });
    } catch (error) {
      if (!(error instanceof BadHeaderError)) {
        throw error;
      }
      const advice = advised(error.hint);
      maps.push(...advice.maps);
      all.push(...(advice.language === null ? [] : ["language"]));
    }
  }
  throw new Error(`the hints for ${JSON.stringify(headers)} lead nowhere: ${maps.join(" ")}`);
}

it("each field is found where its column is", () => {
  const headers = ["definition", "term", "language", "example", "category", "level", "part_of_speech"];
  expect(columns(headers)).toEqual({
    ...{ definition: 0, term: 1, language: 2, example: 3, category: 4, level: 5, partOfSpeech: 6 },
  });
  expect(layoutOf(headers)).toMatchObject({ headers, unused: [] });
});

it.each([
  ["language", ["language", "lang", "Language Code", "locale"]],
  ["term", ["term", "Word", "vocabulary", "Chinese", "hanzi", "Simplified", "Kanji", "Hangul", "front", "lemma"]],
  ["reading", ["reading", "Pinyin", "kana", "furigana", "romaji", "IPA", "pronunciation"]],
  ["sense", ["sense", "homograph", "disambiguation"]],
  ["definition", ["definition", "English", "meaning", "Translation", "gloss", "back"]],
  ["partOfSpeech", ["part_of_speech", "Part of Speech", "partOfSpeech", "part-of-speech", "POS", "word class"]],
  ["level", ["level", "HSK", "HSK Level", "JLPT", "cefr_level", "TOPIK", "grade"]],
  ["category", ["category", "Topic", "theme", "tag"]],
  ["example", ["example", "Example Sentence", "sentence", "usage"]],
])("%s is recognised by the headers that real files have", (field, headers) => {
  for (const header of headers) {
    const given = ["term", "definition", "language"];
    expect(columns(["something else", header], { given }), header).toEqual({ [field]: 1 });
  }
});

it("no header means two fields", () => {
  const aliases = fieldsOf(WORDS).flatMap((field) => field.aliases);
  expect(aliases).toEqual([...new Set(aliases)]);
  expect(aliases.map(plain)).toEqual(aliases);
});

it("columns that hold nothing of a word are named, if they have a name, and stay out", () => {
  const headers = ["id", "term", "", "definition", "Notes", "constructor"];
  expect(layoutOf(headers, GIVEN).unused).toEqual(["id", "Notes", "constructor"]);
  expect(columns(headers, GIVEN)).toEqual({ term: 1, definition: 3 });
});

describe("the notes of a reject file", () => {
  it("are neither used nor called unused", () => {
    const headers = ["term", "definition", "_line", "_column", "_code", "_reason", "_file"];
    expect(columns(headers, GIVEN)).toEqual({ term: 0, definition: 1 });
    expect(layoutOf(headers, GIVEN).unused).toEqual([]);
  });

  it("may stand there twice, as in a file that was rejected again", () => {
    const notes = ["_line", "_column", "_code", "_reason"];
    expect(layoutOf(["term", "definition", ...notes, ...notes], GIVEN).unused).toEqual([]);
  });

  it("are not what a hint proposes", () => {
    expect(refusal(["_line", "Foo", "_file", "Bar"], GIVEN).hint).toContain("--map term=Foo --map definition=Bar");
  });
});

describe("--map", () => {
  it("says what a header means that nobody would guess, and wins over what one usually means", () => {
    const map = { term: "Wort", definition: "word" };
    expect(columns(["word", "Wort", "English"], { ...GIVEN, map })).toEqual({ term: 1, definition: 0 });
    expect(layoutOf(["word", "Wort", "English"], { ...GIVEN, map }).unused).toEqual(["English"]);
  });

  it("takes a header away from the field it usually means", () => {
    const map = { term: "reading" };
    expect(columns(["reading", "definition"], { ...GIVEN, map })).toEqual({ term: 0, definition: 1 });
  });

  it("prefers the header that is exactly as said", () => {
    expect(columns(["My Term", "my-term", "definition"], { ...GIVEN, map: { term: "my-term" } }).term).toBe(1);
    expect(columns(["My Term", "my-term", "definition"], { ...GIVEN, map: { term: "My Term" } }).term).toBe(0);
  });

  it.each(["my word", "MYWORD", "my_word", "My-Word"])("does not insist on case and spaces: %s", (term) => {
    expect(columns(["definition", "My Word"], { ...GIVEN, map: { term } })).toEqual({ term: 1, definition: 0 });
  });

  it("chooses between two columns that mean the same", () => {
    const headers = ["Chinese", "term", "definition"];
    expect(columns(headers, { ...GIVEN, map: { term: "Chinese" } })).toEqual({ term: 0, definition: 2 });
    expect(columns(headers, { ...GIVEN, map: { term: "term" } })).toEqual({ term: 1, definition: 2 });
  });

  it("may name the column of the language, or of what is given for the whole run", () => {
    expect(columns(["term", "definition", "Sprache"], { map: { language: "Sprache" } }).language).toBe(2);
    expect(columns(["term", "definition", "Stufe"], { given: ["language", "level"], map: { level: "Stufe" } })).toEqual(
      { term: 0, definition: 1, level: 2 },
    );
  });

  it("is refused when the file has no such header, with those that it has", () => {
    const error = refusal(["Wort", "definition"], { ...GIVEN, map: { term: "Word" } });
    expect(error).toMatchObject({ code: "BAD_HEADER", exitCode: 6, file: "words.csv", place: { line: 1, column: 1 } });
    expect(error.message).toBe(
      'words.csv:1:1: no column "Word", which --map names for term (the headers are: "Wort", "definition")',
    );
    expect(error.hint).toBe("name a header as it stands in the file");
  });

  it("is refused for a missing header also where the field would be found without it, or is not needed", () => {
    expect(refusal(["term", "definition"], { ...GIVEN, map: { term: "Word" } }).message).toContain('no column "Word"');
    expect(refusal(["term", "definition"], { ...GIVEN, map: { level: "Stufe" } }).message).toContain("for level");
  });
});

describe("a header is refused", () => {
  it.each([
    [["term", "Chinese", "definition"], "term", "Chinese", "term"],
    [["term", "English", "meaning"], "English", "meaning", "definition"],
    [["term", "definition", "HSK", "CEFR level"], "HSK", "CEFR level", "level"],
    [["term", "term", "definition"], "term", "term", "term"],
    [["term", "definition", "Topic", "tag", "theme"], "Topic", "tag", "category"],
  ])("when two columns mean the same: %j", (headers, first, second, field) => {
    const error = refusal(headers, GIVEN);
    const seen = headers.map((header) => JSON.stringify(header)).join(", ");
    expect(error.message).toBe(
      `words.csv:1:1: the columns "${first}" and "${second}" both mean ${field} (the headers are: ${seen})`,
    );
    expect(advised(error.hint).maps).toEqual([`${field}=${first}`]);
    expect(followHints(headers, GIVEN)).toMatchObject({ [field]: headers.indexOf(first) });
  });

  it("when it lacks the language only, with the option that gives it", () => {
    const error = refusal(["term", "definition"]);
    expect(error.message).toContain('no column for language (the headers are: "term", "definition")');
    expect(error.hint).toContain("--language zh");
    expect(error.hint).not.toContain("--map");
    expect(followHints(["term", "definition"])).toEqual({ term: 0, definition: 1 });
  });

  it("when it lacks the term or the definition, with the headers it has and a --map that would do", () => {
    const noTerm = refusal(["Wort", "definition", "Notiz"], GIVEN);
    expect(noTerm.message).toBe('words.csv:1:1: no column for term (the headers are: "Wort", "definition", "Notiz")');
    expect(advised(noTerm.hint)).toEqual({ maps: ["term=Wort"], language: null });
    expect(advised(refusal(["term", "Bedeutung"], GIVEN).hint).maps).toEqual(["definition=Bedeutung"]);
  });

  it("when it lacks all that is needed, with every option that would do", () => {
    const headers = ["Wort", "Bedeutung"];
    expect(refusal(headers).message).toContain("no column for language, term, definition");
    expect(advised(refusal(headers).hint)).toEqual({ maps: ["term=Wort", "definition=Bedeutung"], language: "zh" });
    expect(followHints(headers)).toEqual({ term: 0, definition: 1 });
  });

  it("when it is in fact the first word of a file without one", () => {
    expect(refusal(["你好", "nǐ hǎo", "hello"], GIVEN)).toMatchObject({ code: "BAD_HEADER", exitCode: 6 });
  });

  it("without a --map in the hint when no column is left that it could name", () => {
    const error = refusal(["language", "term"]);
    expect(error.hint).toBe("the file needs definition");
    expect(refusal([""], GIVEN).hint).toBe("the file needs term and definition");
    // One column cannot be both.
    expect(refusal(["language", "Wort"]).hint).not.toContain("--map definition=");
  });
});

describe("the --map of a hint works as it stands there", () => {
  it.each([
    [["My Word", "What it means"]],
    [["it's", 'a "quoted" one']],
    [["$HOME", "`id`"]],
    [["a;b", "c&d|e"]],
    [["a=b", "=c"]],
    [["one, two", "three,four"]],
    [["词语", "значение слова"]],
    [["two\nlines", "back\\slash"]],
    [["*", "!"]],
    [["-", "--"]],
  ])("for the headers %j", (headers) => {
    expect(followHints(headers)).toEqual({ term: 0, definition: 1 });
  });

  it("for two columns of the same name, of which only the first can be named", () => {
    expect(followHints(["Wort", "Wort", "Bedeutung"], GIVEN)).toEqual({ term: 0, definition: 2 });
    expect(followHints(["lang", "lang", "Wort", "Bedeutung"])).toEqual({ language: 0, term: 2, definition: 3 });
  });

  it("for any headers that are enough", () => {
    const odd = fc
      .string({ unit: fc.constantFrom(..."aB '\"$`\\,=&;é中\n!*#~-_|<>"), minLength: 1, maxLength: 8 })
      .map((header) => header.trim())
      .filter((header) => header !== "");
    const usual = fc.constantFrom("Word", "term", "HSK", "Level", "English", "meaning", "lang", "Locale", "_line", "");
    fc.assert(
      fc.property(
        // Two that are free, for term and definition.
        fc.uniqueArray(odd, { minLength: 2, maxLength: 4 }),
        fc.array(usual, { maxLength: 4 }),
        fc.boolean(),
        (free, others, oddFirst) => {
          const headers = oddFirst ? [...free, ...others] : [...others, ...free];
          expect(Object.keys(followHints(headers))).toEqual(expect.arrayContaining(["term", "definition"]));
        },
      ),
      { numRuns: 300 },
    );
  });
});
