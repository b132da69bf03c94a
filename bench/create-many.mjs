// The peer: a seed script as Prisma's documentation has it, 2,000 rows a batch, repeated words skipped.
import { createReadStream } from "node:fs";
import { parse } from "csv-parse";
import { openDatabase } from "../dist/index.js";

const BATCH = 2_000;
const database = await openDatabase();

/** @param {Record<string, string>[]} rows */
async function write(rows) {
  const data = rows.map(({ part_of_speech: partOfSpeech, ...row }) => ({ ...row, partOfSpeech }));
  await database.prisma.vocabularyWord.createMany({ data: /** @type {any} */ (data), skipDuplicates: true });
}

let batch = [];
for await (const row of createReadStream(process.argv[2] ?? "").pipe(parse({ columns: true }))) {
  batch.push(row);
  if (batch.length === BATCH) {
    await write(batch);
    batch = [];
  }
}
await write(batch);
await database.close();
