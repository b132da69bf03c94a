/** What `vocabdb session` prints with `--json`. */
import * as z from "zod";
import { SESSION_STATES } from "../../core/sessions.js";
import { changed, count, dryRun, id, nextCursor, optionalTime, time } from "./shared.js";

const session = z
  .object({
    id,
    email: z.email().describe("of the user"),
    state: z.enum(SESSION_STATES).describe("expired: it ran out before anybody revoked it"),
    userAgent: z.string().nullable(),
    fingerprint: z
      .string()
      .nullable()
      .describe(
        "tells sessions apart, and nobody can sign in with it; null where the role may not read what it is made of",
      ),
    createdAt: time,
    lastUsedAt: optionalTime,
    expiresAt: time,
    revokedAt: optionalTime,
  })
  .meta({ id: "Session" });

export const sessionList = z.object({ sessions: z.array(session).describe("the newest first"), nextCursor });

export const sessionsRevoked = z.object({
  sessions: z.array(session).describe("those that were named, or those of the user that were revoked"),
  changed: z.boolean().describe("false where all of them were revoked already"),
  sessionsRevoked: count,
  dryRun,
});

export const sessionsPruned = z.object({ deleted: count, changed, endedBefore: time, dryRun });
