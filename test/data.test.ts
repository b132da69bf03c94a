/** The data that ships, read as `vocabdb seed` reads it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { readRecords } from "../src/core/load/read.js";
import { rowReader } from "../src/core/load/rows.js";
import { fieldsOf } from "../src/core/load/shape.js";
import { findSources } from "../src/core/load/source.js";
import { WORDS } from "../src/core/load/word-shape.js";
import { SHIPPED_WORDS } from "../src/core/seed.js";
import { packageRoot } from "../src/package-root.js";

const LEVELS: Readonly<Record<string, RegExp>> = {
  ...{ zh: /^HSK[1-6]$/, ja: /^N[1-5]$/, ko: /^TOPIK[1-6]$/ },
  ...{ de: /^[ABC][12]$/, es: /^[ABC][12]$/, ru: /^[ABC][12]$/ },
};

/** How the terms of each language are written. */
const SCRIPTS: Readonly<Record<string, RegExp>> = {
  zh: /^[\p{Script=Han}，。？！…]+$/u,
  ja: /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー々〜～]+$/u,
  ko: /^[\p{Script=Hangul} ?!]+$/u,
  ru: /^[\p{Script=Cyrillic}\p{M} ,?!-]+$/u,
  de: /^[\p{Script=Latin} ,.?!’'()/-]+$/u,
  es: /^[\p{Script=Latin} ,.¿?¡!’'()/-]+$/u,
};

/** What is not said is the empty text. */
type Word = Readonly<Record<(typeof KEY)[number] | (typeof CONTENT)[number], string>>;

const KEY = ["language", "term", "reading", "sense"] as const;
const CONTENT = ["definition", "partOfSpeech", "level", "category", "example"] as const;

const words = await shippedWords();

async function shippedWords(): Promise<Word[]> {
  const sources = await findSources([SHIPPED_WORDS], { cwd: packageRoot, stdin: Readable.from([]) });
  const all: Word[] = [];
  for (const source of sources) {
    for await (const block of readRecords(source, { shape: WORDS, given: new Set(), map: {} })) {
      const read = rowReader(WORDS, block.layout, {});
      for (const record of block.records) {
        const row = read(record);
        if (!("absent" in row)) {
          throw new Error(`${SHIPPED_WORDS}:${record.line}: ${JSON.stringify(row)}`);
        }
        const cells = fieldsOf(WORDS).map(({ name }, index) => [name, row.values[index] ?? ""]);
        all.push(Object.fromEntries(cells) as Word);
      }
    }
  }
  return all;
}

function records(file: string): Record<string, string>[] {
  return parse(readFileSync(join(packageRoot, "data", file)), { columns: true });
}

function key({ language, term, reading, sense }: Pick<Word, (typeof KEY)[number]>) {
  return [language, term, reading, sense].join(" | ");
}

function duplicates(values: readonly string[]): string[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

/** The natural keys of the words that break a rule. */
function except(rule: (word: Word) => boolean): string[] {
  return words.filter((word) => !rule(word)).map(key);
}

describe("the vocabulary", () => {
  it("has at least 600 words of at least four languages, each with a hundred or more", () => {
    expect(words.length).toBeGreaterThanOrEqual(600);
    const languages = [...new Set(words.map(({ language }) => language))];
    expect(languages.length).toBeGreaterThanOrEqual(4);
    for (const each of languages) {
      expect(words.filter(({ language }) => language === each).length, each).toBeGreaterThanOrEqual(100);
    }
  });

  it("is written in at least four scripts", () => {
    const scripts = ["Latin", "Cyrillic", "Han", "Hiragana", "Katakana", "Hangul", "Arabic", "Devanagari"];
    const used = scripts.filter((script) =>
      words.some(({ term }) => new RegExp(`\\p{Script=${script}}`, "u").test(term)),
    );
    expect(used.length).toBeGreaterThanOrEqual(4);
  });

  it("has each word once", () => {
    expect(duplicates(words.map(key))).toEqual([]);
  });

  it.each(CONTENT)("tells the %s of each", (field) => {
    expect(except((word) => Boolean(word[field]))).toEqual([]);
  });

  it("has levels of the test or framework that each language is taught by", () => {
    expect(except(({ language, level }) => LEVELS[language]?.test(level) ?? false)).toEqual([]);
  });

  it("has terms in the script of their language", () => {
    expect(except(({ language, term }) => SCRIPTS[language]?.test(term) ?? false)).toEqual([]);
  });

  it("has a reading wherever the term does not show how it sounds", () => {
    const readsAsWritten = /^[^\p{Script=Han}]+$/u;
    expect(except(({ term, reading }) => reading !== "" || readsAsWritten.test(term))).toEqual([]);
  });

  it("holds nothing that a terminal would hide", () => {
    const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/u;
    expect(except((word) => !hidden.test(Object.values(word).join(" ")))).toEqual([]);
  });
});

describe("the test users", () => {
  const users = records("users.csv");
  const progress = records("progress.csv");

  it("have addresses that reach nobody", () => {
    expect(users.length).toBeGreaterThan(0);
    expect(duplicates(users.map(({ email }) => email ?? ""))).toEqual([]);
    for (const { email } of users) {
      expect(email).toMatch(/^[a-z]+@example\.(com|org|net)$/);
    }
  });

  it("have progress, on words that ship and once per word", () => {
    const known = new Set(words.map(key));
    const keys = progress.map(({ language = "", term = "", reading = "", sense = "" }) =>
      key({ language, term, reading, sense }),
    );
    expect(keys.filter((word) => !known.has(word))).toEqual([]);
    expect(duplicates(progress.map(({ email }, index) => `${email} ${keys[index]}`))).toEqual([]);
    const emails = new Set(users.map(({ email }) => email));
    expect(progress.length).toBeGreaterThan(0);
    expect(progress.filter(({ email }) => !emails.has(email))).toEqual([]);
  });

  it("have numbers that the database would accept", () => {
    for (const row of progress) {
      const [studied, correct, confidence] = [row.study_count, row.correct_count, row.confidence].map(Number);
      expect(studied, JSON.stringify(row)).toBeGreaterThanOrEqual(correct ?? Number.NaN);
      expect(correct, JSON.stringify(row)).toBeGreaterThanOrEqual(0);
      expect(confidence, JSON.stringify(row)).toBeGreaterThanOrEqual(0);
      expect(confidence, JSON.stringify(row)).toBeLessThanOrEqual(1);
    }
  });
});
