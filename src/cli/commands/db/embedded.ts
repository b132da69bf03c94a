import * as z from "zod";
import { destroyEmbedded, embeddedStatus, startEmbedded, stopEmbedded, writeUrlFile } from "../../../core/embedded.js";
import { ExitCode } from "../../../errors/base.js";
import { EmbeddedNotCreatedError } from "../../../errors/embedded.js";
import { defineCommand, inGroup, parameter } from "../../command.js";
import { NO_EMBEDDED_SERVER } from "../../exit-codes.js";
import { confirm, confirmationOf, dryRun, force, port } from "../../options.js";
import { visible } from "../../render/text.js";
import type { Services } from "../../services.js";
import { embeddedText } from "./text.js";

export const start = defineCommand({
  name: "start",
  summary: "create the embedded PostgreSQL on first use, and start it",
  details:
    "A real PostgreSQL for this user, on this machine only, with a generated password. From then on it is the\n" +
    "database of every command that finds no DATABASE_URL, and is started by them when it is stopped.",
  args: {},
  options: {
    port: port("a free one, chosen once and kept"),
  },
  examples: [
    { command: "vocabdb db start", description: "A database to work with, with nothing installed" },
    { command: "vocabdb db start --port 25432", description: "On a port of your choice" },
  ],
  exitCodes: { [ExitCode.unreachable]: "the server could not be created or started" },
  seeAlso: ["db status", "db url", "db stop", "db destroy", "environment"],
  needs: "nothing",
  writes: null,
  result: () => import("../../results/db.js").then(({ started }) => started),
  run: (input, services) => {
    mentionOtherTarget(services);
    return startEmbedded(services.config.home, input.port ?? null);
  },
  text: (result, view) =>
    [
      result.created
        ? "created and started the embedded PostgreSQL"
        : result.changed
          ? "started"
          : "was running already",
      embeddedText(result, view),
    ].join("\n"),
});

export const stop = defineCommand({
  name: "stop",
  summary: "stop the embedded PostgreSQL; its data stays",
  args: {},
  options: {},
  examples: [{ command: "vocabdb db stop", description: "Stop it until the next command needs it" }],
  exitCodes: { ...NO_EMBEDDED_SERVER, [ExitCode.unreachable]: "the server could not be stopped" },
  seeAlso: ["db start", "db status", "db destroy"],
  needs: "nothing",
  writes: null,
  result: () => import("../../results/db.js").then(({ stopped }) => stopped),
  run: (_, { config }) => stopEmbedded(config.home),
  text: ({ changed }) => (changed ? "stopped" : "was not running"),
});

export const url = defineCommand({
  name: "url",
  summary: "connection URL of the embedded PostgreSQL",
  details:
    "The password is not part of what is printed: psql finds it through `passfile`. For programs that need\n" +
    "it in the URL, --output writes DATABASE_URL to a file that only you can read.",
  args: {},
  options: inGroup("Output", {
    output: parameter(
      "-o, --output <path>",
      "write DATABASE_URL, password included, to this new file (mode 0600)",
      z
        .string()
        .min(1)
        .refine((path) => path !== "-", "must be a file; the password is never printed")
        .optional(),
      { completes: "file" },
    ),
    force,
  }),
  examples: [
    { command: 'psql "$(vocabdb db url)"', description: "Open psql on it" },
    { command: "vocabdb db url --output .env", description: "For a backend on this machine" },
  ],
  exitCodes: NO_EMBEDDED_SERVER,
  seeAlso: ["db start", "db status", "db shell", "environment"],
  needs: "nothing",
  writes: null,
  result: () => import("../../results/db.js").then(({ urlShown }) => urlShown),
  run: async ({ output, force: replace }, { config, cwd, stdout }) => {
    const { url: address } = embeddedStatus(config.home);
    if (address === null) {
      throw new EmbeddedNotCreatedError(config.home);
    }
    if (output !== undefined) {
      await writeUrlFile(config.home, { path: output, cwd, stdout, force: replace });
    }
    return { url: address, writtenTo: output ?? null };
  },
  text: ({ url: address, writtenTo }) => (writtenTo === null ? address : `wrote DATABASE_URL to ${visible(writtenTo)}`),
});

export const destroy = defineCommand({
  name: "destroy",
  summary: "remove the embedded PostgreSQL with all its data",
  args: {},
  options: { confirm: confirm("the embedded database (vocabdb)"), dryRun },
  examples: [
    { command: "vocabdb db destroy --dry-run", description: "What would be removed" },
    { command: "vocabdb db destroy --confirm vocabdb", description: "Remove it; this cannot be undone" },
  ],
  exitCodes: { ...NO_EMBEDDED_SERVER, [ExitCode.unreachable]: "the server could not be stopped" },
  seeAlso: ["db start", "db stop", "db mark"],
  needs: "nothing",
  writes: null,
  result: () => import("../../results/db.js").then(({ destroyed }) => destroyed),
  run: async (input, { config, notice }) => {
    const confirmed = confirmationOf(input.confirm, "vocabdb");
    const { dataDirectory } = await destroyEmbedded(config.home, confirmed, input.dryRun, notice);
    return { removed: dataDirectory, dryRun: input.dryRun };
  },
  text: ({ removed, dryRun: rehearsed }) => `${rehearsed ? "would remove" : "removed"} ${removed}`,
});

/** Somebody who starts the embedded server expects to work on it. */
function mentionOtherTarget({ config, notice }: Services): void {
  if (config.databaseUrl !== null) {
    notice(
      `note: DATABASE_URL is set (${config.databaseUrl.source}), so other commands use that database and not the embedded one`,
    );
  }
}
