// Seconds to read the records of a CSV file, by parser, and to check them; nothing is sent anywhere.
import { createReadStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "csv-parse";
import { build } from "esbuild";
import Papa from "papaparse";
import { z } from "zod";
import { median } from "./process.mjs";
import { writeWords } from "./words.mjs";

const ROWS = Number(process.argv[3] ?? 1_000_000);
const RUNS = 3;
const load = join(dirname(import.meta.dirname), "src", "core", "load");
const folder = mkdtempSync(join(tmpdir(), "vocabdb-bench-"));

/** The readers are inside the bundle of the command line; here they are on their own. */
async function ours() {
  const outfile = join(folder, "load.mjs");
  const contents = ["read", "rows", "word-shape"].map(
    (name) => `export * from ${JSON.stringify(join(load, `${name}.ts`))};`,
  );
  await build({
    ...{ stdin: { contents: contents.join("\n"), resolveDir: load }, outfile, logLevel: "warning" },
    ...{ bundle: true, platform: "node", format: "esm", target: "node20.19", external: ["tinyglobby"] },
  });
  return import(pathToFileURL(outfile).href);
}

try {
  const path = join(folder, "words.csv");
  await writeWords(path, ROWS);
  const { readRecords, rowReader, WORDS } = await ours();
  const options = { shape: WORDS, given: new Set(), map: {} };
  const source = { name: path, path, format: "csv", bytes: null, open: () => createReadStream(path) };
  const cell = (/** @type {number} */ max) =>
    z
      .string()
      .transform((text) => text.trim().normalize("NFC"))
      .refine((text) => text.length <= max);
  const schema = z.tuple([
    ...[cell(35), cell(255), cell(255), cell(100), cell(4000), cell(100), cell(100), cell(100), cell(4000)],
  ]);

  /** @type {Record<string, () => Promise<number>>} */
  const ways = {
    "csv-parse": async () => {
      let rows = 0;
      for await (const _ of createReadStream(path).pipe(parse({ from: 2 }))) {
        rows += 1;
      }
      return rows;
    },
    "csv-parse with line and original (info, raw)": async () => {
      let rows = 0;
      for await (const _ of createReadStream(path).pipe(parse({ from: 2, info: true, raw: true }))) {
        rows += 1;
      }
      return rows;
    },
    "Papa Parse": () =>
      new Promise((resolve, reject) => {
        let rows = -1;
        Papa.parse(createReadStream(path), {
          chunk: ({ data }) => {
            rows += data.length;
          },
          skipEmptyLines: true,
          complete: () => resolve(rows),
          error: reject,
        });
      }),
    "ours, with line, column and original": async () => {
      let rows = 0;
      for await (const { records } of readRecords(source, options)) {
        rows += records.length;
      }
      return rows;
    },
    "ours, checked": async () => {
      let rows = 0;
      for await (const { records, layout } of readRecords(source, options)) {
        const read = rowReader(WORDS, layout, {});
        for (const record of records) {
          rows += "absent" in read(record) ? 1 : 0;
        }
      }
      return rows;
    },
    "ours, checked by zod (lengths and NFC only)": async () => {
      let rows = 0;
      for await (const { records } of readRecords(source, options)) {
        for (const { cells } of records) {
          rows += schema.safeParse(cells).success ? 1 : 0;
        }
      }
      return rows;
    },
  };
  console.log(
    `${ROWS.toLocaleString("en-US")} records, ${(statSync(path).size / 1e6).toFixed(0)} MB, medians of ${RUNS}\n`,
  );
  console.log("| way | seconds |\n|---|---|");
  for (const [name, read] of Object.entries(ways)) {
    const times = [];
    for (let n = 0; n < RUNS; n += 1) {
      const start = performance.now();
      const rows = await read();
      if (rows !== ROWS) {
        throw new Error(`${name} read ${rows} records`);
      }
      times.push((performance.now() - start) / 1000);
    }
    console.log(`| ${name} | ${median(times).toFixed(2)} |`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
