/** Test users with progress, from `data/`. Their passwords are public, so callers keep them off real databases. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import type { PoolClient } from "pg";
import * as z from "zod";
import { packageRoot } from "../package-root.js";
import { Secret } from "../secret.js";
import { emailSchema } from "./email-schema.js";
import { hashPassword } from "./password.js";
import { DAY_MS } from "./time.js";

export interface DemoCounts {
  readonly usersInserted: number;
  readonly sessionsInserted: number;
  readonly progressInserted: number;
}

const DemoUser = z.object({ email: emailSchema, display_name: z.string().min(1), password: z.string().min(8) });

const DemoProgress = z.object({
  email: emailSchema,
  language: z.string().min(2),
  term: z.string().min(1),
  reading: z.string(),
  sense: z.string(),
  study_count: z.coerce.number().int().min(0),
  correct_count: z.coerce.number().int().min(0),
  confidence: z.coerce.number().min(0).max(1),
  // Relative to the moment of seeding, so that the demo always has something due.
  studied_days_ago: z.coerce.number(),
  review_in_days: z.coerce.number(),
});

/** Every user is signed in on these. */
const DEVICES = ["Demo phone", "Demo laptop"] as const;
const SESSION_DAYS = 30;

/** Adds what is missing and changes nothing that exists: learning done since is kept. */
export async function addDemoUsers(client: PoolClient, now: Date): Promise<DemoCounts> {
  let usersInserted = 0;
  for (const user of readData("users.csv", DemoUser)) {
    usersInserted += await addUser(client, user, now);
  }
  const progressInserted = await addProgress(client, now);
  return { usersInserted, sessionsInserted: usersInserted * DEVICES.length, progressInserted };
}

function readData<T>(file: string, schema: z.ZodType<T>): T[] {
  const records: unknown[] = parse(readFileSync(join(packageRoot, "data", file)), { columns: true, bom: true });
  return records.map((record) => schema.parse(record));
}

/** @returns how many were inserted: one, or none where the email exists. */
async function addUser(client: PoolClient, user: z.infer<typeof DemoUser>, now: Date): Promise<number> {
  const { rowCount } = await client.query("SELECT FROM users WHERE email = $1", [user.email]);
  if (rowCount !== 0) {
    return 0;
  }
  const passwordHash = await hashPassword(new Secret(user.password));
  const { rows } = await client.query<{ id: string }>(
    "INSERT INTO users (email, display_name, password_hash) VALUES ($1, $2, $3) ON CONFLICT (email) DO NOTHING RETURNING id",
    [user.email, user.display_name, passwordHash],
  );
  for (const { id } of rows) {
    // The tokens are thrown away, so nobody can use the sessions.
    for (const userAgent of DEVICES) {
      const tokenHash = createHash("sha256").update(randomBytes(32)).digest("hex");
      await client.query(
        "INSERT INTO sessions (user_id, token_hash, user_agent, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        [id, tokenHash, userAgent, now, new Date(now.getTime() + SESSION_DAYS * DAY_MS)],
      );
    }
  }
  return rows.length;
}

async function addProgress(client: PoolClient, now: Date): Promise<number> {
  const { rowCount } = await client.query(
    `INSERT INTO progress (user_id, word_id, study_count, correct_count, confidence, last_studied_at, next_review_at)
     SELECT u.id, w.id, d.study_count, d.correct_count, d.confidence,
            CASE WHEN d.study_count > 0 THEN $2::timestamptz - make_interval(secs => d.studied_days_ago * 86400) END,
            $2::timestamptz + make_interval(secs => d.review_in_days * 86400)
       FROM json_to_recordset($1) AS d (email text, language text, term text, reading text, sense text,
              study_count integer, correct_count integer, confidence float8, studied_days_ago float8, review_in_days float8)
       JOIN users AS u ON u.email = d.email
       JOIN vocabulary_words AS w USING (language, term, reading, sense)
      ORDER BY u.id, w.id
     ON CONFLICT (user_id, word_id) DO NOTHING`,
    [JSON.stringify(readData("progress.csv", DemoProgress)), now],
  );
  return rowCount ?? 0;
}
