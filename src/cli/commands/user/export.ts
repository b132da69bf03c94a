import * as z from "zod";
import { withOutput } from "../../../core/output.js";
import { exportUser, exportUserFiles, exportUsers, type UserExport } from "../../../core/user-export.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, type InputOf, inGroup, parameter } from "../../command.js";
import { NO_USER, PENDING } from "../../exit-codes.js";
import { refuseJsonOnStdout } from "../../export-options.js";
import { escapeFormulas } from "../../list-options.js";
import { flagOption, force, optionalEmail, output, showDeleted } from "../../options.js";
import { count, jsonText, visible } from "../../render/text.js";
import type { ServicesFor } from "../../services.js";

const FORMATS = ["json", "csv", "ndjson"] as const;

const options = {
  ...inGroup("Selection", {
    all: flagOption("--all", "email, name and times of all users, in the form that `user import` reads"),
    deleted: { ...showDeleted, description: "also if the user is soft-deleted; with --all, the deleted ones too" },
  }),
  ...inGroup("Output", {
    format: parameter(
      "--format <format>",
      "json or csv of one user (default: json), csv or ndjson of all (default: csv)",
      z.enum(FORMATS, { error: `must be one of ${FORMATS.join(", ")}` }).optional(),
    ),
    escapeFormulas,
    output,
    force,
  }),
} as const;

type Options = InputOf<typeof options>;
type WithConnection = ServicesFor["connection"];

/** What was written, where that is not the result itself. */
interface Written {
  /** null: standard output. */
  readonly output: string | null;
  readonly format: (typeof FORMATS)[number];
  readonly rows: Readonly<Record<string, number>>;
}

export const exportCommand = defineCommand({
  name: "export",
  summary: "everything held about one user, or a list of all",
  details:
    "Of one user: the account, sessions, progress and history, but no password hash and nothing that sessions are\n" +
    "recognised by. It is one JSON document, or with --format csv a folder of files, which --output names.",
  args: { email: optionalEmail },
  options,
  examples: [
    {
      command: "vocabdb user export ada@example.com -o ada.json",
      description: "What is held about a person, for an answer to a request",
    },
    {
      command: "vocabdb user export ada@example.com --format csv --escape-formulas -o ada",
      description: "The same as a folder of files for a spreadsheet",
    },
    { command: "vocabdb user export --all -o users.csv", description: "All users, to import elsewhere" },
  ],
  exitCodes: { ...PENDING, ...NO_USER },
  seeAlso: ["user import", "user purge", "progress export", "csv"],
  needs: "connection",
  writes: null,
  result: () => import("../../results/user.js").then(({ userExported }) => userExported),
  run: ({ email, ...input }, services): Promise<UserExport | Written> => {
    if (email !== undefined && !input.all) {
      return exportOne(email, input, services);
    }
    if (email === undefined && input.all) {
      return exportAll(input, services);
    }
    throw new UsageError("give either the email of a user or --all");
  },
  text: (result) => ("user" in result ? jsonText(result, 2) : writtenText(result)),
});

async function exportOne(email: string, input: Options, services: WithConnection): Promise<UserExport | Written> {
  const { connection, cwd, stdout, signal } = services;
  const { format = "json", output: path, deleted, escapeFormulas: isEscaped } = input;
  if (format === "ndjson") {
    throw new UsageError("--format ndjson is for --all; one user is exported as json or csv");
  }
  if (format === "csv") {
    if (path === undefined) {
      throw new UsageError("--format csv of one user makes a folder of files, which --output names");
    }
    if (input.force) {
      throw new UsageError("--force replaces files, and --format csv of one user makes a folder");
    }
    const files = { path, cwd, stdout, deleted, escapeFormulas: isEscaped, signal };
    return { output: path, format, rows: { ...(await exportUserFiles(connection, email, files)) } };
  }
  refuseEscapes(input);
  if (path === undefined) {
    return exportUser(connection, email, { deleted, signal });
  }
  const document = await withOutput({ path, cwd, stdout, force: input.force }, async (sink) => {
    const held = await exportUser(connection, email, { deleted, signal });
    sink.write(`${JSON.stringify(held, null, 2)}\n`);
    return held;
  });
  const { sessions, progress, history } = document;
  const rows = { user: 1, sessions: sessions.length, progress: progress.length, history: history.length };
  return { output: path, format, rows };
}

async function exportAll(input: Options, services: WithConnection): Promise<Written> {
  const { connection, cwd, stdout, signal, json } = services;
  const { format = "csv", output: path, deleted, escapeFormulas: isEscaped } = input;
  if (format === "json") {
    throw new UsageError("--format json is for one user; all are exported as csv or ndjson");
  }
  if (format === "ndjson") {
    refuseEscapes(input);
  }
  refuseJsonOnStdout(path, json);
  const users = await withOutput({ path, cwd, stdout, force: input.force }, (sink) =>
    exportUsers(connection, sink, { format, deleted, escapeFormulas: isEscaped, signal }),
  );
  return { output: path ?? null, format, rows: { users } };
}

function refuseEscapes(input: Options): void {
  if (input.escapeFormulas) {
    throw new UsageError("--escape-formulas is for --format csv");
  }
}

function writtenText({ output: path, rows }: Written): string {
  const counts = Object.entries(rows).map(([part, number]) => `${part}: ${count(number, "row")}`);
  return path === null ? "" : `wrote ${visible(path)} (${counts.join(", ")})`;
}
