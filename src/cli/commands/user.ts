import { deleteUser, restoreUser, showUser } from "../../core/users.js";
import { ExitCode } from "../../errors/base.js";
import { shellWord } from "../../shell.js";
import { defineCommand, inGroup, type Noun } from "../command.js";
import { NO_USER, PENDING } from "../exit-codes.js";
import { deletedEmail, email, showDeleted, writing } from "../options.js";
import { count, lines } from "../render/text.js";
import { create } from "./user/create.js";
import { exportCommand } from "./user/export.js";
import { importCommand } from "./user/import.js";
import { list } from "./user/list.js";
import { purge } from "./user/purge.js";
import { change, userFacts } from "./user/text.js";
import { update } from "./user/update.js";

const show = defineCommand({
  name: "show",
  summary: "show one user",
  args: { email },
  options: inGroup("Selection", { deleted: showDeleted }),
  examples: [
    { command: "vocabdb user show ada@example.com", description: "One user, with the number of words and sessions" },
    { command: "vocabdb user show ada@example.com --deleted", description: "Also if soft-deleted" },
  ],
  exitCodes: { ...PENDING, ...NO_USER },
  seeAlso: ["user list", "user export", "progress show", "session list", "history"],
  needs: "connection",
  writes: null,
  result: () => import("../results/user.js").then(({ userShown }) => userShown),
  run: (input, { connection, now }) => showUser(connection, input.email, { deleted: input.deleted, now: now() }),
  text: ({ user, progress, sessions }, view) =>
    userFacts(user, view, [
      ["progress", count(progress, "word")],
      ["sessions", `${sessions} live`],
    ]),
});

const remove = defineCommand({
  name: "delete",
  summary: "soft-delete a user and end all sessions",
  details: "The user is hidden and signed out; progress stays, and the email stays reserved. `restore` undoes it.",
  args: { email },
  options: inGroup("Changing data", writing),
  examples: [
    { command: "vocabdb user delete ada@example.com", description: "Soft-delete a user" },
    { command: "vocabdb user delete ada@example.com --dry-run", description: "What would happen" },
  ],
  exitCodes: { ...PENDING, [ExitCode.notFound]: "there is no such user" },
  seeAlso: ["user restore", "user purge", "session revoke", "history"],
  needs: "database",
  writes: "data",
  result: () => import("../results/user.js").then(({ userDeleted }) => userDeleted),
  run: async (input, { database, now, actor }) => ({
    ...(await deleteUser(database, input.email, { dryRun: input.dryRun, now: now(), actor: actor(input.reason) })),
    dryRun: input.dryRun,
  }),
  text: (result, view) =>
    lines(
      change(result, result.dryRun ? "would delete" : "deleted", "was deleted already:", view),
      `${count(result.sessionsRevoked, "session")} ${result.dryRun ? "would be revoked" : "revoked"}`,
      result.dryRun ? null : `undo: vocabdb user restore ${shellWord(result.user.email)}`,
    ),
});

const restore = defineCommand({
  name: "restore",
  summary: "make a soft-deleted user live again",
  args: { email: deletedEmail },
  options: inGroup("Changing data", writing),
  examples: [{ command: "vocabdb user restore ada@example.com", description: "Undo a delete" }],
  exitCodes: { ...PENDING, [ExitCode.notFound]: "there is no such user, not even a deleted one" },
  seeAlso: ["user delete", "user purge", "user list"],
  needs: "database",
  writes: "data",
  result: () => import("../results/user.js").then(({ userRestored }) => userRestored),
  run: async (input, { database, actor }) => ({
    ...(await restoreUser(database, input.email, { dryRun: input.dryRun, actor: actor(input.reason) })),
    dryRun: input.dryRun,
  }),
  text: (result, view) => change(result, result.dryRun ? "would restore" : "restored", "was live already:", view),
});

export const user: Noun = {
  name: "user",
  commands: [create, list, show, update, remove, restore, purge, exportCommand, importCommand],
};
