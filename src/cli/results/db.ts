/** What `vocabdb db` prints with `--json`; `db doctor` has a file of its own. */
import * as z from "zod";
import { bytes, changed, count, dryRun, milliseconds, optionalTime } from "./shared.js";

const states = z.enum(["running", "starting", "stopped", "absent"]);

const embedded = z.object({
  state: states,
  url: z.string().nullable().describe("without the password, which psql finds through its passfile"),
  port: count.nullable(),
  pid: count.nullable(),
  startedAt: optionalTime,
  dataDirectory: z.string().nullable(),
  logFile: z.string().nullable(),
});

export const started = embedded.extend({
  created: z.boolean().describe("whether this command made the server"),
  changed: z.boolean().describe("whether this command started it"),
});

export const stopped = embedded.extend({ changed: z.boolean().describe("whether it was running") });

export const urlShown = z.object({
  url: z.string().describe("without the password"),
  writtenTo: z.string().nullable().describe("file of --output, which has the password"),
});

export const destroyed = z.object({ removed: z.string().nullable().describe("folder"), dryRun });

export const waited = z.object({ ready: z.literal(true), waitedMs: milliseconds, attempts: count });

export const served = z.object({
  url: z.string().describe("of Prisma Studio, printed when it answers"),
  target: z.string().describe("host:port/database (user)"),
});

const mark = z.string().nullable().describe("such as production; null where the database has none");

export const marked = z.object({ mark, previous: mark, changed, dryRun });

const names = z.array(z.string());

const table = z.object({
  name: z.string(),
  rows: z.number().nullable().describe("as of its last analysis; null before the first one"),
  sizeBytes: bytes.nullable().describe("without its indexes; null while somebody has locked it"),
  indexBytes: bytes.nullable(),
});

export const pooler = z
  .enum(["direct", "session", "transaction", "statement"])
  .describe("direct: no pooler; else for how long a connection of the server is ours");

const database = z.object({
  target: z.string().describe("host:port/database (user)"),
  version: z.string().describe("of PostgreSQL, such as 18.4"),
  latencyMs: milliseconds.describe("median of a few round trips, in milliseconds"),
  sizeBytes: bytes,
  tables: z.array(table),
  migrations: z.object({
    state: z.enum(["up-to-date", "pending", "failed", "diverged", "none"]).describe("none: there is no record at all"),
    applied: count,
    pending: names,
    failed: names,
    edited: names.describe("applied, and their file has changed since"),
    unknown: names.describe("applied, and not part of this version"),
  }),
  connections: z.object({
    poolMax: count.describe("most that one process of ours opens"),
    max: count.describe("most that the server accepts"),
    used: count,
    byApplication: z.array(z.object({ application: z.string(), used: count })).describe("those that hold the most"),
  }),
  pooler,
  role: z.string(),
  timeZone: z.string().describe("that sessions begin with"),
  mark,
  tls: z
    .object({
      protocol: z.string().describe("such as TLSv1.3"),
      verified: z.boolean().describe("whether the server proved who it is"),
    })
    .nullable()
    .describe("null: the connection is not encrypted"),
});

export const status = embedded.extend({
  state: states.nullable().describe("of the embedded server; null where another one is the target"),
  database: database.nullable().describe("null where the embedded server does not run"),
});
