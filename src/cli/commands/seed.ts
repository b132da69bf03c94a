import { relative } from "node:path";
import * as z from "zod";
import { WORDS } from "../../core/load/word-shape.js";
import { requireMigrated } from "../../core/migration-record.js";
import { differences, type SeedOptions, type SeedResult, SHIPPED_WORDS, seedWords } from "../../core/seed.js";
import { describeTarget, isLoopback, type Target } from "../../db/target.js";
import { ExitCode } from "../../errors/base.js";
import { RowsInUseError, RowsRejectedError } from "../../errors/loading.js";
import { ConsentMissingError, DemoRefusedError, UsageError } from "../../errors/usage.js";
import { defineCommand, inGroup, type Noun, parameter } from "../command.js";
import { REJECTED } from "../exit-codes.js";
import { cellOf, fileFormat, loadOptions } from "../load-options.js";
import { type LoadInput, loadExitCode, loadOptionsOf, reportLoad } from "../load-run.js";
import { confirm, flagOption, writing } from "../options.js";
import { seedText } from "../render/seed.js";
import { count } from "../render/text.js";
import type { Services, ServicesFor } from "../services.js";

const load = defineCommand({
  name: "seed",
  summary: "load vocabulary from CSV and NDJSON files",
  details:
    "Words are matched by language, term, reading and sense: new ones are inserted, changed ones updated,\n" +
    "the rest is not touched. All files go in one transaction; one bad record, and nothing is written.\n" +
    "Headers are recognised by many names (word, hanzi, pinyin, kana, english, meaning, …); a file that has\n" +
    "no column for something leaves what the database holds. Comma, semicolon or tab, and .gz, are found by\n" +
    "themselves; a folder stands for all .csv, .tsv, .ndjson and .jsonl files in it.",
  args: {},
  options: {
    ...inGroup("Input", {
      file: parameter(
        "-f, --file <path...>",
        "files, folders, patterns, or - for standard input (default: the words that ship with vocabdb)",
        z.array(z.string().min(1)).optional(),
        { completes: "file" },
      ),
      format: fileFormat,
      language: parameter(
        "--language <tag>",
        "language of words that do not say it (BCP 47, such as zh)",
        cellOf(WORDS, "language"),
        { completes: "language" },
      ),
      level: parameter("--level <level>", "level of words that do not say it", cellOf(WORDS, "level"), {
        completes: "level",
      }),
      category: parameter("--category <name>", "category of words that do not say it", cellOf(WORDS, "category")),
      demo: flagOption(
        "--demo",
        "also add test users with progress (on this machine only: their passwords are public)",
      ),
    }),
    ...loadOptions(WORDS, "term=Chinese,reading=Pinyin"),
    ...inGroup("Changing data", {
      onConflict: parameter(
        "--on-conflict <action>",
        "words that the database has already: update or keep (default: update)",
        z.enum(["update", "keep"]).default("update"),
      ),
      prune: flagOption("--prune", "remove words of the files' languages that no file holds; needs --confirm"),
      pruneKeepUsed: flagOption(
        "--prune-keep-used",
        "with --prune: leave words that somebody has learned, without an error",
      ),
      confirm: confirm("the database, for --prune"),
      ...writing,
    }),
  },
  examples: [
    { command: "vocabdb seed", description: "Load the words that ship with vocabdb" },
    {
      command: "vocabdb seed --file words.csv --language zh --level HSK1",
      description: "Load a file that says neither language nor level",
    },
    {
      command: "vocabdb seed --file export.csv --language zh --map term=Word,definition=Notes --dry-run",
      description: "What would change, with headers that are not recognised",
    },
    {
      command: "vocabdb seed --file words.csv --max-rejects 1% --rejects rejects.csv",
      description: "Load the good records and collect the others",
    },
    { command: "vocabdb seed --file data --check", description: "Is the database what the files say? (for CI)" },
    {
      command: "zcat words.ndjson.gz | vocabdb seed --file - --format ndjson",
      description: "Load from another program",
    },
  ],
  exitCodes: {
    [ExitCode.findings]: "--check found something to do, or migrations are pending",
    [ExitCode.conflict]: "--prune would remove words that somebody has learned; nothing was written",
    ...REJECTED,
  },
  seeAlso: ["csv", "word export", "word stats", "history"],
  needs: "connection",
  writes: "data",
  precheck: async (input, services) => {
    const { target } = services.resolution;
    refuseCombinations(input);
    if (input.demo && !isLoopback(target)) {
      throw new DemoRefusedError(describeTarget(target));
    }
    const { prune, check, dryRun, confirm } = input;
    if (prune && !check && !dryRun && !confirm.includes(target.database)) {
      throw unconfirmed(confirm, target, await whatGoes(input, services));
    }
  },
  onMarked: ({ demo, prune }) => (demo ? { refused: "seed --demo" } : prune ? "confirm" : "allow"),
  result: () => import("../results/load.js").then(({ seeded }) => seeded),
  run: async (input, services) => {
    const { connection } = services;
    return reportLoad(connection, services, () => seedWords(connection, seedOptionsOf(input, services)));
  },
  text: seedText,
  exitCode: exitCodeOf,
});

interface SeedInput extends LoadInput {
  readonly file?: readonly string[] | undefined;
  readonly format?: SeedOptions["format"] | undefined;
  readonly language?: string | undefined;
  readonly level?: string | undefined;
  readonly category?: string | undefined;
  readonly onConflict: "update" | "keep";
  readonly prune: boolean;
  readonly pruneKeepUsed: boolean;
  readonly confirm: readonly string[];
  readonly demo: boolean;
}

function seedOptionsOf(input: SeedInput, services: Services): SeedOptions {
  const { language, level, category } = input;
  return {
    ...loadOptionsOf(input, services),
    files: input.file ?? [shippedWords(services.cwd)],
    defaults: { ...(language && { language }), ...(level && { level }), ...(category && { category }) },
    ...(input.format && { format: input.format }),
    ...(input.prune && { prune: input.pruneKeepUsed ? ("keep-used" as const) : ("refuse-used" as const) }),
    ...{ onConflict: input.onConflict, demo: input.demo },
  };
}

/** In a checkout as it is typed there: every line of the result begins with it. */
function shippedWords(cwd: string): string {
  const path = relative(cwd, SHIPPED_WORDS);
  return path.startsWith("..") ? SHIPPED_WORDS : path;
}

function exitCodeOf(result: SeedResult, input: { readonly pruneKeepUsed: boolean }): ExitCode {
  const { total, kept } = result;
  if (total.rejected === 0 && kept.count > 0 && !input.pruneKeepUsed) {
    return ExitCode.conflict;
  }
  return loadExitCode(result, differences);
}

function refuseCombinations(input: SeedInput): void {
  if (input.pruneKeepUsed && !input.prune) {
    throw new UsageError("--prune-keep-used says what --prune leaves; it needs --prune");
  }
  if (input.demo && input.check) {
    throw new UsageError("--check only compares words and adds no test users; leave out --demo");
  }
  if (input.prune && input.maxRejects !== undefined) {
    throw new UsageError(
      "--prune cannot go with --max-rejects: a rejected record may stand for a word, which would be removed",
      "correct the records first, or load without --prune",
    );
  }
}

/**
 * How many words would go: compared beforehand for whoever can be asked, unless that would use up standard input, or
 * write the file of rejects twice.
 *
 * @throws what the load would be refused for anyway, instead of asking first
 */
async function whatGoes(input: SeedInput, services: ServicesFor["target"]): Promise<string> {
  const { confirm, file = [], rejects } = input;
  if (confirm.length > 0 || file.includes("-") || rejects !== undefined || (await services.prompts()) === null) {
    return "the words";
  }
  const { withConnection } = await import("../../db/pool.js");
  const compared = await withConnection(services.resolution.target, async (connection) => {
    await requireMigrated(connection);
    return seedWords(connection, seedOptionsOf({ ...input, check: true }, services));
  });
  const { total, kept } = compared;
  if (total.rejected > 0) {
    throw new RowsRejectedError(compared.rejects, { total: total.rejected, rows: total.rows, file: null });
  }
  if (kept.count > 0 && !input.pruneKeepUsed) {
    throw new RowsInUseError(WORDS.noun, kept.words, kept.count);
  }
  return count(total.pruned, WORDS.noun);
}

/** @param what goes */
function unconfirmed([given]: readonly string[], target: Target, what: string): ConsentMissingError {
  const { database } = target;
  return new ConsentMissingError(
    given === undefined
      ? "--prune removes words for good and needs --confirm"
      : `--confirm names ${JSON.stringify(given)}, but the database is ${JSON.stringify(database)}`,
    `look first with --dry-run, then add --confirm ${database}`,
    {
      what: `--prune removes ${what} that no file holds from ${describeTarget(target)}, for good (--dry-run says which)`,
      name: database,
    },
  );
}

export const seed: Noun = { name: "seed", commands: [load], defaultCommand: load };
