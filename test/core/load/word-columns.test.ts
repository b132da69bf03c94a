import { describe, expect, it } from "vitest";
import { resolveWordColumns, type WordField } from "../../../src/core/load/word-columns.js";
import { BadHeaderError } from "../../../src/errors.js";

function resolve(headers: readonly string[], given: readonly WordField[] = []) {
  return resolveWordColumns("words.csv", headers, new Set(given));
}

function refusal(headers: readonly string[], given: readonly WordField[] = []): BadHeaderError {
  try {
    resolve(headers, given);
  } catch (error) {
    if (error instanceof BadHeaderError) {
      return error;
    }
    throw error;
  }
  throw new Error(`${headers.join()} was accepted`);
}

it("each field is found where its column is", () => {
  const columns = resolve(["definition", "term", "language", "example", "category", "level", "part_of_speech"]);
  expect(Object.fromEntries(columns.position)).toEqual({
    ...{ definition: 0, term: 1, language: 2, example: 3, category: 4, level: 5, partOfSpeech: 6 },
  });
  expect(columns.width).toBe(7);
  expect(columns.unused).toEqual([]);
});

it.each<[WordField, readonly string[]]>([
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
    const columns = resolve(["something else", header], ["term", "definition", "language"]);
    expect([...columns.position], header).toEqual([[field, 1]]);
  }
});

it("columns that hold nothing of a word are named, and stay out", () => {
  const columns = resolve(["id", "term", "", "definition", "Notes", "constructor"], ["language"]);
  expect(columns.unused).toEqual(["id", "", "Notes", "constructor"]);
  expect([...columns.position.keys()]).toEqual(["term", "definition"]);
  expect(columns.width).toBe(6);
});

describe("a header is refused", () => {
  it.each([
    [["term", "Chinese", "definition"], 'the columns "term" and "Chinese" both mean term'],
    [["term", "English", "meaning"], 'the columns "English" and "meaning" both mean definition'],
    [["term", "definition", "HSK", "CEFR"], 'the columns "HSK" and "CEFR" both mean level'],
    [["term", "term", "definition"], 'the columns "term" and "term" both mean term'],
  ])("when two columns mean the same: %j", (headers, message) => {
    const error = refusal(headers, ["language"]);
    expect(error.message).toContain(`words.csv:1: ${message}`);
    expect(error.hint).toBe("remove or rename one of them");
  });

  it("when it lacks the language only, with the option that gives it", () => {
    const error = refusal(["term", "definition"]);
    expect(error.message).toContain("no column for language");
    expect(error.hint).toContain("--language zh");
  });

  it("when it lacks the term or the definition, with the headers that would do", () => {
    const error = refusal(["language", "foo"]);
    expect(error.message).toContain('no column for term, definition (the header is: "language", "foo")');
    expect(error.hint).toContain("term, word, vocabulary");
    expect(error.hint).toContain("definition, english, meaning");
    expect(refusal(["language", "term"]).hint).not.toContain("vocabulary");
  });

  it("when it is in fact the first word of a file without one", () => {
    expect(refusal(["你好", "nǐ hǎo", "hello"], ["language"])).toMatchObject({ code: "BAD_HEADER", exitCode: 6 });
  });
});

it("a field that is given for the whole run needs no column, and may have one", () => {
  expect(resolve(["term", "definition"], ["language", "level"]).position.has("language")).toBe(false);
  expect(resolve(["term", "definition", "lang"], ["language"]).position.get("language")).toBe(2);
});
