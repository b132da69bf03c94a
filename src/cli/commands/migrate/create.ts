import { resolve } from "node:path";
import * as z from "zod";
import { type Config, hasPassword } from "../../../config.js";
import { createMigration, type Shadow } from "../../../core/migration-create.js";
import { PRISMA_FOLDER } from "../../../core/migration-files.js";
import type { Resolution } from "../../../db/resolve.js";
import { parseDatabaseUrl } from "../../../db/url.js";
import { ExitCode } from "../../../errors/base.js";
import { UsageError } from "../../../errors/usage.js";
import { Secret } from "../../../secret.js";
import { defineCommand, inGroup, parameter } from "../../command.js";
import { flagOption } from "../../options.js";
import { visible, visibleLines } from "../../render/text.js";

const name = z
  .string()
  .max(100, "must have at most 100 characters")
  .regex(/^[a-z0-9]+(_[a-z0-9]+)*$/, "must be words of small letters and digits joined by _, such as add_user_notes");

export const create = defineCommand({
  name: "create",
  summary: "author a migration from schema.prisma",
  details:
    "Applies the migrations there are to a shadow database, which is made on the server of DIRECT_URL or DATABASE_URL\n" +
    "and dropped again, and writes what leads from there to schema.prisma. Where the role may not create databases,\n" +
    "lend an empty one with --shadow-url or SHADOW_DATABASE_URL: only a schema of its own is made in it,\n" +
    "and removed. Your database itself is not touched.",
  args: { name: parameter("<name>", "what it does, such as add_user_notes", name) },
  options: {
    empty: flagOption("--empty", "write a file without statements, for what schema.prisma cannot express"),
    dir: parameter(
      "--dir <folder>",
      "folder that holds schema.prisma and migrations/ (default: that of this installation)",
      z.string().min(1, "must not be empty").optional(),
      { completes: "folder" },
    ),
    shadowUrl: parameter(
      "--shadow-url <url>",
      "empty database to use as the shadow database (default: SHADOW_DATABASE_URL, else one is made)",
      z.string().min(1, "must not be empty").optional(),
    ),
    ...inGroup("Changing data", { dryRun: flagOption("-n, --dry-run", "print the SQL and write nothing") }),
  },
  examples: [
    { command: "vocabdb migrate create add_user_notes --dry-run", description: "What schema.prisma would change" },
    {
      command: "vocabdb migrate create add_user_notes --dir prisma",
      description: "Write it into a checkout, to be read and completed",
    },
    {
      command: "vocabdb migrate create words_have_tones_check --empty --dir prisma",
      description: "One to write by hand",
    },
  ],
  exitCodes: {
    [ExitCode.unexpected]: "unexpected failure, or a migration that fails in the shadow database",
    [ExitCode.usage]: "wrong usage or configuration, or no shadow database to be had",
  },
  seeAlso: ["migrate plan", "migrate deploy", "environment"],
  needs: "target",
  writes: null,
  precheck: ({ empty, shadowUrl }) => {
    if (empty && shadowUrl !== undefined) {
      throw new UsageError("--empty needs no shadow database: leave out --shadow-url");
    }
  },
  result: () => import("../../results/migrate.js").then(({ migrationCreated }) => migrationCreated),
  run: async (input, { config, resolution, cwd, now, notice, signal }) => {
    const folder = input.dir === undefined ? PRISMA_FOLDER : resolve(cwd, input.dir);
    const shadow = input.empty ? null : shadowOf(input.shadowUrl, config, resolution, notice);
    const created = await createMigration(input.name, { shadow, folder, dryRun: input.dryRun, now: now(), signal });
    return { ...created, dryRun: input.dryRun };
  },
  text: ({ migration, path, sql, changed, dryRun }, { ink }) => {
    if (!changed || sql === null) {
      return "nothing to change: the migrations lead to schema.prisma (--empty writes one by hand)";
    }
    return dryRun
      ? `-- ${migration}\n${visibleLines(sql.trimEnd())}`
      : `${ink.done("wrote")} ${visible(path ?? "")}\nread it, and add what schema.prisma cannot express: checks, triggers, policies`;
  },
});

function shadowOf(
  option: string | undefined,
  config: Config,
  { migrationTarget }: Resolution,
  notice: (text: string) => void,
): Shadow {
  const [source, url] =
    option === undefined
      ? [`SHADOW_DATABASE_URL (${config.shadowUrl?.source})`, config.shadowUrl?.url]
      : ["--shadow-url", new Secret(option.trim())];
  if (url === undefined) {
    return { server: migrationTarget };
  }
  const { target, warnings } = parseDatabaseUrl(source, url, config);
  for (const { message } of warnings) {
    notice(`warning: ${message}`);
  }
  if (option !== undefined && hasPassword(option)) {
    notice(
      "warning: the password in --shadow-url can be read by every user of this machine in the list of processes; set SHADOW_DATABASE_URL instead",
    );
  }
  return { lent: target };
}
