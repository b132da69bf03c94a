// Generates vocabulary files of any size, the same ones for the same arguments.
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";

const HEADER = "language,term,reading,sense,definition,part_of_speech,level,category,example\n";
const LEVELS = ["A1", "A2", "B1", "B2", "C1", "C2"];

/**
 * About 127 bytes a row.
 *
 * @param {string} path
 * @param {number} rows
 * @param {number} [changed] every how-manieth word says something else than without it
 */
export async function writeWords(path, rows, changed) {
  const file = createWriteStream(path, { mode: 0o600 });
  file.write(HEADER);
  for (let n = 0; n < rows; n += 1) {
    const term = `wort${n.toString(36)}`;
    const level = LEVELS[n % LEVELS.length];
    const row = `de,${term},${term}ʃən,,"${changed !== undefined && n % changed === 0 ? "another meaning" : "meaning"} ${n}, of a made-up word",noun,${level},topic ${n % 97},Das ist ein Satz mit ${term} und Übung.\n`;
    if (!file.write(row)) {
      await once(file, "drain");
    }
  }
  file.end();
  await finished(file);
}
