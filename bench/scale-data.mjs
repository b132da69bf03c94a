// The data that bench/scale.mjs asks for, the same for the same sizes but for the time of day.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from } from "pg-copy-streams";

/** @typedef {{ words: number, users: number, learners: number, sessions: number, entries: number }} Size */

/** Of each learner. */
export const WORDS_EACH = 1_000;
/** Learned in one sitting, so that they lie side by side in the table; the next ones lie elsewhere. */
const WORDS_PER_SITTING = 20;
export const USERS_PER_DOMAIN = 100;
const HOUR_MS = 3_600_000;
const LEVELS = ["HSK1", "HSK2", "HSK3", "HSK4", "HSK5", "HSK6"];
const SYLLABLES = ["nǐ", "hǎo", "zhōng", "guó", "rén", "dà", "xué", "shēng", "lǎo", "shī", "kàn", "shū", "chī", "fàn"];
const HANZI = 2_500;

/** @param {number} fraction of the full size */
export function sizeOf(fraction) {
  const part = (/** @type {number} */ count) => Math.round(count * fraction);
  return {
    ...{ words: part(1_000_000), users: part(100_000), learners: part(10_000) },
    ...{ sessions: part(200_000), entries: part(100_000) },
  };
}

/** @param {number} n */
export const emailOf = (n) => `user${n}@school${Math.floor(n / USERS_PER_DOMAIN)}.example.org`;

/** Every tenth user learns. @param {number} n @param {Size} size */
export const learnerAt = (n, size) => n * (size.users / size.learners);

/** Every hundredth, but no learner. @param {number} n */
const isDeleted = (n) => n % 100 === 99;

/** UUIDs as the database makes them, in the order of `n`. @param {number} kind @param {number} n */
const uuid = (kind, n) => `0192f000-000${kind}-7000-8000-${n.toString(16).padStart(12, "0")}`;

/** Spreads small numbers over all of 32 bits. @param {number} n */
const mixed = (n) => Math.imul(n ^ (n >>> 15), 0x9e3779b1) >>> 0;

/** @param {import("pg").Client} client @param {Size} size */
export async function fill(client, size) {
  // Neither triggers nor foreign keys per row: the rows are right as they are made. Ends with the connection.
  await client.query("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'");
  await load(client, "users (id, email, display_name, created_at, updated_at, deleted_at)", users(size));
  await load(
    client,
    "sessions (id, user_id, token_hash, user_agent, created_at, last_used_at, expires_at, revoked_at)",
    sessions(size),
  );
  await load(
    client,
    "vocabulary_words (id, language, term, reading, definition, part_of_speech, level, category)",
    words(size),
  );
  await load(
    client,
    "progress (user_id, word_id, study_count, correct_count, confidence, last_studied_at, next_review_at)",
    progress(size),
  );
  await load(client, "audit_log (id, occurred_at, action, database_role, subjects, changes)", history(size));
  await client.query("VACUUM (ANALYZE)");
  await client.query("CHECKPOINT");
}

/**
 * COPY into the table without its indexes, which are built afterwards.
 *
 * @param {import("pg").Client} client @param {string} into @param {Iterable<string>} rows
 */
async function load(client, into, rows) {
  const [table = ""] = into.split(" ");
  const { rows: indexes } = await client.query(
    `SELECT i.indexrelid::regclass AS name, pg_get_indexdef(i.indexrelid) AS definition,
            c.conname AS constraint, pg_get_constraintdef(c.oid) AS rule
       FROM pg_index AS i LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
      WHERE i.indrelid = $1::regclass
        AND NOT EXISTS (SELECT FROM pg_constraint AS f WHERE f.conindid = i.indexrelid AND f.contype = 'f')`,
    [table],
  );
  for (const { name, constraint } of indexes) {
    await client.query(
      constraint === null ? `DROP INDEX ${name}` : `ALTER TABLE ${table} DROP CONSTRAINT ${constraint}`,
    );
  }
  await pipeline(Readable.from(inBlocks(rows)), client.query(from(`COPY ${into} FROM STDIN`)));
  for (const { definition, constraint, rule } of indexes) {
    await client.query(constraint === null ? definition : `ALTER TABLE ${table} ADD CONSTRAINT ${constraint} ${rule}`);
  }
}

/** @param {Iterable<string>} rows */
function* inBlocks(rows) {
  let block = "";
  for (const row of rows) {
    block += row;
    if (block.length > 64 * 1024) {
      yield Buffer.from(block);
      block = "";
    }
  }
  yield Buffer.from(block);
}

/** @param {readonly unknown[]} values null for those that are not there */
const row = (...values) => `${values.map((value) => value ?? "\\N").join("\t")}\n`;

/** Times as text, by hours before now; making each anew would take longer than loading it. */
function hours() {
  const start = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  /** @type {Map<number, string>} */
  const known = new Map();
  return (/** @type {number} */ ago) => {
    const text = known.get(ago) ?? new Date(start - ago * HOUR_MS).toISOString();
    known.set(ago, text);
    return text;
  };
}

/** @param {Size} size */
function* users(size) {
  const at = hours();
  for (let n = 0; n < size.users; n += 1) {
    // Older users have smaller ids, over three years.
    const created = at(26_280 - Math.floor((n / size.users) * 26_000));
    yield row(uuid(1, n), emailOf(n), `Learner ${n}`, created, created, isDeleted(n) ? at(mixed(n) % 200) : null);
  }
}

/** Two to a user; a third is live. @param {Size} size */
function* sessions(size) {
  const at = hours();
  for (let n = 0; n < size.sessions; n += 1) {
    const user = n % size.users;
    const ago = 1 + (mixed(n) % 8_000);
    const isRevoked = isDeleted(user) || n % 3 === 0;
    const expires = n % 3 === 1 ? at(ago - 1) : at(ago - 9_000);
    const hash = mixed(n).toString(16).padStart(8, "0") + n.toString(16).padStart(56, "0");
    const agent = `Mozilla/5.0 (X11; Linux x86_64; rv:${n % 140}.0) Gecko/20100101 Firefox/${n % 140}.0`;
    yield row(uuid(2, n), uuid(1, user), hash, agent, at(ago), at(ago - 1), expires, isRevoked ? at(ago - 1) : null);
  }
}

/** Three of five are Chinese, of two to four characters. @param {Size} size */
function* words(size) {
  for (let n = 0; n < size.words; n += 1) {
    const isChinese = n % 5 < 3;
    const [term, reading] = isChinese ? chinese(n) : [`wort${n.toString(36)}`, `ˈvɔʁt${n % 1_000}`];
    const level = n % 20 === 0 ? null : LEVELS[mixed(n) % LEVELS.length];
    const definition = `meaning ${n}, of a word that nobody has to learn`;
    yield row(uuid(3, n), isChinese ? "zh" : "de", term, reading, definition, "noun", level, `topic ${n % 97}`);
  }
}

/** @param {number} n */
function chinese(n) {
  const parts = [n % HANZI, Math.floor(n / HANZI), ...(n % 2 === 0 ? [] : [mixed(n) % HANZI])];
  const term = parts.map((part) => String.fromCodePoint(0x4e00 + part)).join("");
  return [term, parts.map((part) => SYLLABLES[mixed(part) % SYLLABLES.length]).join(" ")];
}

/** In the order in which it would have come about: everybody in turn learns some words. @param {Size} size */
function* progress(size) {
  const at = hours();
  const wordIds = Array.from({ length: size.words }, (_, n) => uuid(3, n));
  for (let sitting = 0; sitting < WORDS_EACH / WORDS_PER_SITTING; sitting += 1) {
    for (let learner = 0; learner < size.learners; learner += 1) {
      const user = learnerAt(learner, size);
      const ago = mixed(user + sitting) % 4_000;
      let block = "";
      for (let n = 0; n < WORDS_PER_SITTING; n += 1) {
        const k = sitting * WORDS_PER_SITTING + n;
        const random = mixed(user * WORDS_EACH + k);
        const word = wordIds[(user * 7_919 + k * 1_009) % size.words];
        const studied = random % 12;
        const correct = studied - (random % (studied + 1));
        const confidence = studied === 0 ? 0 : correct / studied;
        const last = studied === 0 ? "\\N" : at(ago);
        const next = at(ago - (random % 2_000));
        block += `${uuid(1, user)}\t${word}\t${studied}\t${correct}\t${confidence}\t${last}\t${next}\n`;
      }
      yield block;
    }
  }
}

/** @param {Size} size */
function* history(size) {
  const at = hours();
  for (let n = 0; n < size.entries; n += 1) {
    const subject = emailOf(mixed(n) % size.users);
    const changes = '{"users": {"updated": 1}}';
    yield row(
      uuid(4, n),
      at(9_000 - Math.floor((n / size.entries) * 9_000)),
      "user update",
      "app",
      `{${subject}}`,
      changes,
    );
  }
}
