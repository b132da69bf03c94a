import {
  countDeletedBefore,
  countPurgeable,
  NOTHING_PURGED,
  type PurgedRows,
  type PurgeOptions,
  purgeUser,
  purgeUsersDeletedBefore,
} from "../../../core/user-purge.js";
import type { Connection } from "../../../db/pool.js";
import { ExitCode } from "../../../errors/base.js";
import { ConsentMissingError, UsageError } from "../../../errors/usage.js";
import { shellWord } from "../../../shell.js";
import { defineCommand, inGroup } from "../../command.js";
import { PENDING } from "../../exit-codes.js";
import { confirm, confirmationOf, type Moment, moment, optionalEmail, writing } from "../../options.js";
import { count, facts, lines } from "../../render/text.js";

const MANY = "purge";

export const purge = defineCommand({
  name: "purge",
  summary: "remove soft-deleted users for good",
  details:
    "With a user go all sessions and all progress, and the email is free again; the history stays. Live users are\n" +
    "refused. Many go in batches, each in a transaction of its own: what is gone when the command is stopped stays\n" +
    "gone, and the next run goes on with the rest.",
  args: { email: { ...optionalEmail, completes: "deletedEmail" } },
  options: {
    ...inGroup("Selection", {
      deletedBefore: moment(
        "--deleted-before <time>",
        "all who were deleted before: a day, a time, or an age such as 30d",
      ),
    }),
    ...inGroup("Changing data", {
      confirm: confirm(`the user by email, or ${MANY} with --deleted-before`),
      ...writing,
    }),
  },
  examples: [
    { command: "vocabdb user purge ada@example.com --dry-run", description: "What would go" },
    {
      command: "vocabdb user purge ada@example.com --confirm ada@example.com",
      description: "Remove a deleted user; this cannot be undone",
    },
    {
      command: "vocabdb user purge --deleted-before 30d --confirm purge --reason 'retention policy'",
      description: "All who were deleted more than 30 days ago, for a nightly job",
    },
  ],
  exitCodes: {
    ...PENDING,
    [ExitCode.notFound]: "there is no such user",
    [ExitCode.conflict]: "the user is live: `vocabdb user delete` comes first",
  },
  seeAlso: ["user delete", "user restore", "user export", "db mark"],
  needs: "connection",
  writes: "data",
  precheck: (input) => void whom(input),
  onMarked: () => "confirm",
  result: () => import("../../results/user.js").then(({ usersPurged }) => usersPurged),
  run: async (input, { connection, signal, now, actor, display }) => {
    const { confirm: confirmed, dryRun, reason } = input;
    const chosen = whom(input);
    const options: ConfirmedOptions = {
      ...{
        confirm: confirmationOf(confirmed, typeof chosen === "string" ? chosen : MANY),
        dryRun,
        signal,
        actor: actor(reason),
      },
      onProgress: ({ users }) => display.update(`purging: ${count(users, "user")} ${dryRun ? "would be" : "are"} gone`),
    };
    const rows =
      typeof chosen === "string"
        ? await purgeOne(connection, chosen, options)
        : await purgeMany(connection, chosen(now()), options);
    return { users: rows.users, rows, changed: rows.users > 0, dryRun };
  },
  text: ({ users, rows, changed, dryRun }, view) =>
    changed
      ? lines(
          `${view.ink.done(dryRun ? "would purge" : "purged")} ${count(users, "user")}`,
          facts(
            Object.entries(rows).map(([table, number]) => [table, count(number, "row")] as const),
            view,
          ),
        )
      : "nothing to purge",
});

/** @returns the email of one user, or the time before which many were deleted */
function whom(input: { readonly email?: string | undefined; readonly deletedBefore?: Moment | undefined }) {
  const { email, deletedBefore } = input;
  if (email !== undefined && deletedBefore === undefined) {
    return email;
  }
  if (email === undefined && deletedBefore !== undefined) {
    return deletedBefore;
  }
  throw new UsageError("give either the email of a user or --deleted-before TIME");
}

interface ConfirmedOptions extends PurgeOptions {
  readonly confirm: string | undefined;
}

async function purgeOne(connection: Connection, email: string, options: ConfirmedOptions): Promise<PurgedRows> {
  if (options.dryRun || options.confirm === email) {
    return purgeUser(connection, email, options);
  }
  const rows = await countPurgeable(connection, email);
  if (rows.users > 0) {
    throw consentMissing(options.confirm, email, {
      losses: `${email} with ${count(rows.sessions, "session")} and ${count(rows.progress, "row")} of progress`,
      command: `vocabdb user purge ${shellWord(email)} --confirm ${shellWord(email)}`,
    });
  }
  return rows;
}

async function purgeMany(connection: Connection, deletedBefore: Date, options: ConfirmedOptions): Promise<PurgedRows> {
  if (options.dryRun || options.confirm === MANY) {
    return purgeUsersDeletedBefore(connection, deletedBefore, options);
  }
  const users = await countDeletedBefore(connection, deletedBefore);
  if (users > 0) {
    throw consentMissing(options.confirm, MANY, {
      losses: `${count(users, "user")} with all sessions and progress`,
      command: `vocabdb user purge --deleted-before ${deletedBefore.toISOString()} --confirm ${MANY}`,
    });
  }
  return NOTHING_PURGED;
}

function consentMissing(
  given: string | undefined,
  wanted: string,
  { losses, command }: { readonly losses: string; readonly command: string },
): ConsentMissingError {
  const mistaken = given === undefined ? "" : `--confirm names ${JSON.stringify(given)}, not ${wanted}: `;
  return new ConsentMissingError(`${mistaken}this would remove ${losses} for good, and needs --confirm`, command, {
    what: `this removes ${losses}, for good`,
    name: wanted,
  });
}
