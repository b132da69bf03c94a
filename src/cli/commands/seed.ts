import { z } from "zod";
import { WORDS } from "../../core/load/word-shape.js";
import { requireMigrated } from "../../core/migrations.js";
import {
  differences,
  type SeedMode,
  type SeedOptions,
  type SeedResult,
  SHIPPED_WORDS,
  seedWords,
} from "../../core/seed.js";
import { withConnection } from "../../db/pool.js";
import { describeTarget, isLoopback } from "../../db/target.js";
import {
  ConsentMissingError,
  DemoRefusedError,
  DuplicatesError,
  ExitCode,
  RowsRejectedError,
  UsageError,
} from "../../errors.js";
import { defineCommand, type Noun, parameter } from "../command.js";
import { cellOf, delimiter, mapOf, rejectLimit } from "../load-options.js";
import { confirm, dryRun, flagOption } from "../options.js";
import { loadProgress } from "../render/load-progress.js";
import { seedText } from "../render/seed.js";

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
    file: parameter(
      "-f, --file <path...>",
      "files, folders, patterns, or - for standard input (default: the words that ship with vocabdb)",
      z.array(z.string().min(1)).optional(),
    ),
    language: parameter(
      "--language <tag>",
      "language of words that do not say it (BCP 47, such as zh)",
      cellOf(WORDS, "language"),
    ),
    level: parameter("--level <level>", "level of words that do not say it", cellOf(WORDS, "level")),
    category: parameter("--category <name>", "category of words that do not say it", cellOf(WORDS, "category")),
    map: parameter(
      "--map <field=header...>",
      "which header means what, such as term=Chinese,reading=Pinyin",
      mapOf(WORDS).optional(),
    ),
    delimiter: parameter(
      "--delimiter <character>",
      "what separates cells (default: found in the header)",
      delimiter.optional(),
    ),
    format: parameter(
      "--format <format>",
      "csv or ndjson (default: by the file's name)",
      z.enum(["csv", "ndjson"]).optional(),
    ),
    onConflict: parameter(
      "--on-conflict <action>",
      "words that the database has already: update or keep (default: update)",
      z.enum(["update", "keep"]).default("update"),
    ),
    onDuplicate: parameter(
      "--on-duplicate <action>",
      "records that say different things of one word: error, or first or last counts (default: error)",
      z.enum(["error", "first", "last"]).default("error"),
    ),
    maxRejects: parameter(
      "--max-rejects <limit>",
      "how many bad records to leave out, as a number or a share such as 1% (default: 0)",
      rejectLimit.optional(),
    ),
    rejects: parameter(
      "--rejects <path>",
      "write bad records to this file as they are, with the reasons; it can be corrected and loaded",
      z
        .string()
        .min(1)
        .refine((path) => path !== "-", "must be a file; standard output is for the result")
        .optional(),
    ),
    prune: flagOption("--prune", "remove words of the files' languages that no file holds; needs --confirm"),
    pruneKeepUsed: flagOption(
      "--prune-keep-used",
      "with --prune: leave words that somebody has learned, without an error",
    ),
    confirm: confirm("the database, for --prune"),
    check: flagOption("--check", "only compare: exit 3 if the database is not what the files say"),
    demo: flagOption("--demo", "also add test users with progress (on this machine only: their passwords are public)"),
    dryRun,
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
  exitCodes: [ExitCode.findings, ExitCode.conflict, ExitCode.badData],
  needs: "target",
  writes: "data",
  run: async (input, { resolution: { target }, cwd, stdin, signal, display, notice, annotate, now }) => {
    const mode: SeedMode = input.check ? "check" : input.dryRun ? "dry-run" : "write";
    refuseCombinations(input, mode, target.database);
    // Before anything is sent there.
    if (input.demo && !isLoopback(target)) {
      throw new DemoRefusedError(describeTarget(target));
    }
    const { language, level, category } = input;
    const options: SeedOptions = {
      files: input.file ?? [SHIPPED_WORDS],
      defaults: { ...(language && { language }), ...(level && { level }), ...(category && { category }) },
      ...(input.map && { map: input.map }),
      ...(input.delimiter && { delimiter: input.delimiter }),
      ...(input.format && { format: input.format }),
      ...(input.maxRejects && { maxRejects: input.maxRejects }),
      ...(input.rejects && { rejectFile: input.rejects }),
      ...(input.prune && { prune: input.pruneKeepUsed ? ("keep-used" as const) : ("refuse-used" as const) }),
      ...{ onConflict: input.onConflict, onDuplicate: input.onDuplicate, demo: input.demo, mode },
      ...{ cwd, stdin, signal, now, onProgress: loadProgress(display) },
    };
    try {
      const result = await withConnection(target, async (connection) => {
        await requireMigrated(connection);
        return seedWords(connection, options);
      });
      for (const { file, unusedColumns } of result.files) {
        if (unusedColumns.length > 0) {
          notice(`${file}: columns not used: ${unusedColumns.join(", ")}`);
        }
      }
      annotate("warning", result.rejects);
      return result;
    } catch (error) {
      if (error instanceof RowsRejectedError || error instanceof DuplicatesError) {
        annotate("error", error.rejects);
      }
      throw error;
    }
  },
  text: seedText,
  exitCode: exitCodeOf,
});

function exitCodeOf({ total, kept, check }: SeedResult, input: { readonly pruneKeepUsed: boolean }): ExitCode {
  if (total.rejected > 0) {
    return ExitCode.badData;
  }
  if (kept.count > 0 && !input.pruneKeepUsed) {
    return ExitCode.conflict;
  }
  return check && differences(total) > 0 ? ExitCode.findings : ExitCode.ok;
}

interface PruneInput {
  readonly prune: boolean;
  readonly pruneKeepUsed: boolean;
  readonly confirm?: string | undefined;
  readonly maxRejects?: unknown;
  readonly demo: boolean;
}

function refuseCombinations(input: PruneInput, mode: SeedMode, database: string): void {
  if (input.pruneKeepUsed && !input.prune) {
    throw new UsageError("--prune-keep-used says what --prune leaves; it needs --prune");
  }
  if (input.demo && mode === "check") {
    throw new UsageError("--check only compares words and adds no test users; leave out --demo");
  }
  if (!input.prune) {
    return;
  }
  if (input.maxRejects !== undefined) {
    throw new UsageError(
      "--prune cannot go with --max-rejects: a rejected record may stand for a word, which would be removed",
      "correct the records first, or load without --prune",
    );
  }
  if (mode === "write" && input.confirm !== database) {
    throw new ConsentMissingError(
      input.confirm === undefined
        ? "--prune removes words for good and needs --confirm"
        : `--confirm names ${JSON.stringify(input.confirm)}, but the database is ${JSON.stringify(database)}`,
      `look first with --dry-run, then add --confirm ${database}`,
    );
  }
}

export const seed: Noun = { name: "seed", commands: [load], defaultCommand: load };
