/** What `vocabdb user` prints with `--json`. */
import * as z from "zod";
import {
  changed,
  changesByTable,
  count,
  dryRun,
  id,
  learnedWord,
  nextCursor,
  optionalTime,
  output,
  time,
  user,
} from "./shared.js";

const change = z.object({ user, changed });

const sessionsRevoked = count.describe("live sessions that were ended");

const generatedPassword = z
  .string()
  .nullable()
  .describe("with --generate-password, shown this once; null where none was made or stored");

export const userCreated = change.extend({ generatedPassword, dryRun });

export const userUpdated = change.extend({ sessionsRevoked, generatedPassword, dryRun });

export const userDeleted = change.extend({ sessionsRevoked, dryRun });

export const userRestored = change.extend({ dryRun });

export const userShown = z.object({
  user,
  progress: count.describe("words with progress"),
  sessions: count.describe("live sessions: neither revoked nor expired"),
});

export const userList = z.object({
  users: z.array(user.partial()).describe("with --fields, only those fields; else all"),
  nextCursor,
});

export const usersPurged = z.object({
  users: count,
  rows: z.object({ users: count, sessions: count, progress: count }).describe("rows by table"),
  changed,
  dryRun,
});

const held = z.object({
  user: user.extend({
    hasPassword: z.boolean().nullable().describe("null where the role may not read that"),
  }),
  sessions: z.array(
    z.object({
      id,
      userAgent: z.string().nullable(),
      createdAt: time,
      lastUsedAt: optionalTime,
      expiresAt: time,
      revokedAt: optionalTime,
    }),
  ),
  progress: z.array(
    z.object({
      ...learnedWord,
      createdAt: time,
      updatedAt: time,
    }),
  ),
  history: z
    .array(
      z.object({
        occurredAt: time,
        action: z.string(),
        commandLine: z.string().nullable(),
        databaseRole: z.string(),
        operator: z.string().nullable(),
        reason: z.string().nullable(),
        changes: changesByTable,
      }),
    )
    .describe("what was done to the user, under former emails too"),
});

const written = z.object({
  output,
  format: z.enum(["json", "csv", "ndjson"]),
  rows: z.record(z.string(), count).describe("rows by part"),
});

export const userExported = z.union([
  held.describe("without --output: what is held about the user"),
  written.describe("with --output: what was written"),
]);
