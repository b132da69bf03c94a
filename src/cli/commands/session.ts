import * as z from "zod";
import { emailSchema } from "../../core/email-schema.js";
import { listSessions, type SessionPage } from "../../core/session-list.js";
import { pruneSessions } from "../../core/session-prune.js";
import { revokeSessions, revokeSessionsOf, SESSION_STATES, type SessionSummary } from "../../core/sessions.js";
import { ExitCode } from "../../errors/base.js";
import { UsageError } from "../../errors/usage.js";
import { defineCommand, inGroup, type Noun, parameter, type View } from "../command.js";
import { NO_USER, PENDING } from "../exit-codes.js";
import { listOptions } from "../list-options.js";
import type { ListingOf } from "../listing.js";
import { after, confirmMarked, flagOption, limit, optionalEmail, requiredMoment, writing } from "../options.js";
import { type Column, table } from "../render/table.js";
import { age, count, lines, timestamp } from "../render/text.js";

const list = defineCommand({
  name: "list",
  summary: "list sessions, the newest first",
  details:
    "A session is active until it expires or is revoked. The fingerprint tells sessions apart; it is made on the\n" +
    "server from a hash, and nobody can sign in with it or find a token by it.",
  args: { email: optionalEmail },
  options: {
    ...inGroup("Selection", {
      state: parameter(
        "--state <state>",
        `only those that are ${SESSION_STATES.join(", ")} (default: all)`,
        z.enum(SESSION_STATES, { error: `must be one of ${SESSION_STATES.join(", ")}` }).optional(),
      ),
      deleted: flagOption("--deleted", "also sessions of soft-deleted users"),
    }),
    ...inGroup("Output", { limit, after, ...listOptions }),
  },
  examples: [
    { command: "vocabdb session list ada@example.com", description: "Where a user is or was signed in" },
    {
      command: "vocabdb session list --state active --limit 10 --json",
      description: "The latest sign-ins, for a script",
    },
  ],
  exitCodes: { ...PENDING, ...NO_USER },
  seeAlso: ["session revoke", "session prune", "user show", "formatting"],
  needs: "connection",
  writes: null,
  result: () => import("../results/session.js").then(({ sessionList }) => sessionList),
  run: ({ email, state, deleted, limit: size, after: cursor }, { connection, now, signal }) =>
    listSessions(connection, {
      ...(email !== undefined && { email }),
      ...(state !== undefined && { state }),
      ...(cursor !== undefined && { after: cursor }),
      ...{ deleted, limit: size, now: now(), signal },
    }),
  list: () => LISTING,
  text: ({ sessions }, view) => sessionTable(sessions, view),
});

const LISTING: ListingOf<SessionPage> = {
  rows: "sessions",
  fields: [
    ...(["id", "email", "state", "userAgent", "fingerprint"] as const),
    ...(["createdAt", "lastUsedAt", "expiresAt", "revokedAt"] as const),
  ],
};

const revoke = defineCommand({
  name: "revoke",
  summary: "end sessions, so that nobody can use them any more",
  details:
    "All sessions that are named, or none if one of them is not there. Revoking cannot be undone; the user signs in anew.",
  args: {
    ids: parameter(
      "[id...]",
      "id of a session",
      z
        .array(z.guid({ error: ({ input }) => `${JSON.stringify(input)} is not the id of a session` }).toLowerCase())
        .default([]),
    ),
  },
  options: {
    user: parameter("--user <email>", "every session of this user", emailSchema.optional(), { completes: "email" }),
    ...inGroup("Changing data", writing),
  },
  examples: [
    {
      command: "vocabdb session revoke 019ab2c4-7d1e-7c3a-9f00-2b6c1d4e5f60",
      description: "One session, by its id",
    },
    {
      command: "vocabdb session revoke --user ada@example.com --reason 'lost laptop'",
      description: "Sign a user out everywhere",
    },
  ],
  exitCodes: { ...PENDING, [ExitCode.notFound]: "there is no such user, or no session with one of the ids" },
  seeAlso: ["session list", "user delete", "history"],
  needs: "connection",
  writes: "data",
  result: () => import("../results/session.js").then(({ sessionsRevoked }) => sessionsRevoked),
  run: async ({ ids, user, reason, dryRun }, { connection, now, signal, actor }) => {
    const options = { dryRun, signal, now: now(), actor: actor(reason) };
    if ((user === undefined) === (ids.length === 0)) {
      throw new UsageError("give either ids of sessions or --user EMAIL", "vocabdb session list");
    }
    const revocation =
      user === undefined
        ? await revokeSessions(connection, ids, options)
        : await revokeSessionsOf(connection, user, options);
    return { ...revocation, dryRun };
  },
  text: ({ sessions, changed, sessionsRevoked, dryRun }, view) =>
    lines(
      changed
        ? `${view.ink.done(dryRun ? "would revoke" : "revoked")} ${count(sessionsRevoked, "session")}`
        : "nothing changed: every session was revoked already",
      sessions.length === 0 ? null : sessionTable(sessions, view),
    ),
});

const prune = defineCommand({
  name: "prune",
  summary: "remove sessions that ended some time ago",
  details:
    "A session ends when it expires or is revoked. They go in batches of 1,000, each in a transaction of its own:\n" +
    "what is gone when the command is stopped stays gone, and the next run goes on with the rest.",
  args: {},
  options: {
    olderThan: requiredMoment("--older-than <time>", "those that ended before: a day, a time, or an age", "30d"),
    ...inGroup("Changing data", { confirm: confirmMarked, ...writing }),
  },
  examples: [
    { command: "vocabdb session prune", description: "What ended more than 30 days ago, for a nightly job" },
    { command: "vocabdb session prune --older-than 90d --dry-run", description: "How many would go" },
  ],
  exitCodes: PENDING,
  seeAlso: ["session list", "session revoke", "user purge", "db mark"],
  needs: "connection",
  writes: "data",
  onMarked: () => "confirm",
  result: () => import("../results/session.js").then(({ sessionsPruned }) => sessionsPruned),
  run: async ({ olderThan, reason, dryRun }, { connection, now, signal, actor, display }) => {
    const time = now();
    const pruning = await pruneSessions(connection, olderThan(time), {
      ...{ dryRun, signal, now: time, actor: actor(reason) },
      onProgress: (deleted) =>
        display.update(`pruning: ${count(deleted, "session")} ${dryRun ? "would be" : "are"} gone`),
    });
    return { ...pruning, dryRun };
  },
  text: ({ deleted, endedBefore, dryRun }) =>
    `${dryRun ? "would remove" : "removed"} ${count(deleted, "session")} that ended before ${timestamp(endedBefore)}`,
});

function sessionTable(sessions: readonly SessionSummary[], view: View): string {
  const columns: Column<SessionSummary>[] = [
    { title: "id", value: ({ id }) => id },
    { title: "email", value: ({ email }) => email, flexible: true },
    { title: "state", value: ({ state }) => state },
    { title: "age", value: ({ createdAt }) => age(createdAt, view.now), align: "right", priority: 2 },
    { title: "fingerprint", value: ({ fingerprint }) => fingerprint ?? "–", priority: 4 },
    { title: "user agent", value: ({ userAgent }) => userAgent ?? "–", flexible: true, priority: 3 },
  ];
  return table(sessions, columns, view, "no sessions");
}

export const session: Noun = { name: "session", commands: [list, revoke, prune] };
