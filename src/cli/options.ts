/** Options and arguments that several commands share, each declared once. */
import * as z from "zod";
import { domainSchema, emailSchema } from "../core/email-schema.js";
import { DAY_MS, parseTime } from "../core/time.js";
import { parameter, repeatable } from "./command.js";
import { globalOptions } from "./global-options.js";

const flag = z.boolean().default(false);

export const dryRun = parameter(
  "-n, --dry-run",
  "do the work on the real database, show what would change, and roll it back",
  flag,
);

/** Why, for the history. What changes data takes these two. */
export const writing = {
  reason: parameter(
    "--reason <text>",
    "why, for `vocabdb history`",
    z.string().trim().min(1, "must not be empty").max(1000, "must have at most 1000 characters").optional(),
  ),
  dryRun,
} as const;

export const email = parameter("<email>", "email of the user", emailSchema, { completes: "email" });

export const deletedEmail = { ...email, completes: "deletedEmail" } as const;

/** Of somebody who is not there yet. */
export const newEmail = parameter("[email]", "email of the user", emailSchema.optional());

export const optionalEmail = { ...newEmail, completes: "email" } as const;

export const displayName = parameter(
  "--name <name>",
  "name to show",
  z
    .string()
    .trim()
    // As files have it: the same name is the same bytes, and characters are what PostgreSQL counts.
    .normalize("NFC")
    .min(1, "must not be empty")
    .refine((name) => [...name].length <= 200, "must have at most 200 characters")
    .optional(),
);

export const domain = parameter(
  "--domain <domain>",
  "only users with an email at this domain; those at subdomains are others",
  domainSchema.optional(),
);

export const showDeleted = parameter("--deleted", "also if the user is soft-deleted", flag);

export const limit = parameter(
  "--limit <count>",
  "how many to show, 1 to 1000 (default: 50)",
  z
    .string()
    .default("50")
    .transform(Number)
    .pipe(
      z
        .number({ error: "must be a whole number" })
        .int("must be a whole number")
        .min(1, "must be at least 1")
        .max(1000, "must be at most 1000"),
    ),
);

export const after = parameter(
  "--after <cursor>",
  "go on behind this cursor, the nextCursor of the page before",
  z.string().optional(),
);

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 60 * 60_000, d: DAY_MS, w: 7 * DAY_MS };

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** How long something may take, in milliseconds: `30s`, `500ms`, `2m`; a mere number is seconds. */
export const duration = (flags: string, description: string, fallback: string) =>
  parameter(
    flags,
    `${description} (default: ${fallback})`,
    z
      .string()
      .default(fallback)
      .pipe(z.string().regex(/^\d{1,6}(ms|s|m)?$/, "must be a duration such as 30s, 500ms or 2m"))
      .transform((text) => Number.parseInt(text, 10) * (DURATION_UNITS[text.replace(/^\d+/, "") || "s"] ?? 1_000))
      .pipe(z.number().min(100, "must be at least 100ms").max(3_600_000, "must be at most 60m")),
  );

export const port = (fallback: string) =>
  parameter(
    "--port <port>",
    `port to listen on (default: ${fallback})`,
    z
      .string()
      .transform(Number)
      .pipe(
        z
          .number({ error: "must be a port" })
          .int("must be a port")
          .min(1024, "must be 1024 to 65535")
          .max(65535, "must be 1024 to 65535"),
      )
      .optional(),
  );

/** For whatever changes the schema. */
export const lockTimeout = duration(
  "--lock-timeout <duration>",
  "how long to try for a lock that others hold, half a second at a time",
  "5s",
);

/** A point in time that may depend on when the command runs. */
export type Moment = (now: Date) => Date;

/** A time in UTC such as `2026-11-01` or `2026-11-01T12:00:00Z`, or how long ago it was: `90m`, `12h`, `30d`, `2w`. */
const momentSchema = z.string().transform((text, context): Moment => {
  const [, amount, unit = ""] = /^(\d{1,6})([mhdw])$/.exec(text.trim()) ?? [];
  if (amount !== undefined) {
    // Nothing here is older than the clock of the machines.
    return (now) => new Date(Math.max(0, now.getTime() - Number(amount) * (UNITS[unit] ?? 0)));
  }
  const time = parseTime(text.trim());
  if (time === null) {
    context.addIssue({
      code: "custom",
      message:
        "must be a day such as 2026-11-01, a time such as 2026-11-01T12:00:00Z, or an age such as 30d, 12h or 2w",
    });
    return z.NEVER;
  }
  return () => time;
});

export const moment = (flags: string, description: string) => parameter(flags, description, momentSchema.optional());

export const requiredMoment = (flags: string, description: string, fallback: string) =>
  parameter(flags, `${description} (default: ${fallback})`, z.string().default(fallback).pipe(momentSchema));

export const output = parameter(
  "-o, --output <path>",
  "file to write instead of standard output, readable by you alone; compressed if it ends in .gz",
  z
    .string()
    .min(1, "must not be empty")
    .transform((path) => (path === "-" ? undefined : path))
    .optional(),
  { completes: "file" },
);

export const force = parameter("--force", "replace the output if it exists", flag);

export const flagOption = (flags: string, description: string) => parameter(flags, description, flag);

/** Read by every command; declared by those that ask. */
export const yes = flagOption(globalOptions.yes.flags, globalOptions.yes.description);

/** Given again where the database is marked, with its name. */
export const confirm = (what: string) =>
  repeatable(
    "--confirm <name>",
    `name ${what}, to confirm what cannot be undone; and the database, where it is marked (vocabdb db mark)`,
    z.array(z.string()).default([]),
  );

/** For what needs no confirmation but on a marked database. */
export const confirmMarked = repeatable(
  "--confirm <name>",
  "name the database, where it is marked (vocabdb db mark)",
  z.array(z.string()).default([]),
);

/** @returns the name that is asked for, if it is among those given; else one that is not it, for the message */
export function confirmationOf(given: readonly string[], wanted: string): string | undefined {
  return given.includes(wanted) ? wanted : given[0];
}
