import { z } from "zod";
import { labelSchema, languageSchema } from "../../core/load/word-row.js";
import { requireMigrated } from "../../core/migrations.js";
import { type SeedCounts, type SeedOptions, SHIPPED_WORDS, seedWords } from "../../core/words.js";
import { withConnection } from "../../db/pool.js";
import { describeTarget, isLoopback } from "../../db/target.js";
import { DemoRefusedError, ExitCode } from "../../errors.js";
import { defineCommand, type Noun, parameter } from "../command.js";
import { dryRun, flagOption } from "../options.js";
import { type Column, table } from "../render/table.js";
import { count } from "../render/text.js";

const label = labelSchema.transform((text) => text ?? undefined).optional();

const load = defineCommand({
  name: "seed",
  summary: "load vocabulary from CSV files",
  details:
    "Words are matched by language, term, reading and sense: new ones are inserted, changed ones updated,\n" +
    "the rest is not touched. All files go in one transaction; one bad record, and nothing is written.\n" +
    "Headers are recognised by many names (word, hanzi, pinyin, kana, english, meaning, …).",
  args: {},
  options: {
    file: parameter(
      "-f, --file <path...>",
      "CSV files (default: the words that ship with vocabdb)",
      z.array(z.string().min(1)).optional(),
    ),
    language: parameter(
      "--language <tag>",
      "language of words that do not say it (BCP 47, such as zh)",
      languageSchema.optional(),
    ),
    level: parameter("--level <level>", "level of words that do not say it", label),
    category: parameter("--category <name>", "category of words that do not say it", label),
    demo: flagOption("--demo", "also add test users with progress (on this machine only: their passwords are public)"),
    dryRun,
  },
  examples: [
    { command: "vocabdb seed", description: "Load the words that ship with vocabdb" },
    {
      command: "vocabdb seed --file words.csv --language zh --level HSK1",
      description: "Load a file that says neither language nor level",
    },
    { command: "vocabdb seed --file words.csv --dry-run --json", description: "What would change, for a script" },
  ],
  exitCodes: [ExitCode.findings, ExitCode.badData],
  needs: "target",
  writes: "data",
  run: async (input, { resolution: { target }, signal, display, now }) => {
    // Before anything is sent there.
    if (input.demo && !isLoopback(target)) {
      throw new DemoRefusedError(describeTarget(target));
    }
    const { language, level, category } = input;
    const options: SeedOptions = {
      files: input.file ?? [SHIPPED_WORDS],
      defaults: { ...(language && { language }), ...(level && { level }), ...(category && { category }) },
      ...{ demo: input.demo, dryRun: input.dryRun, signal, now, onPhase: display.update },
    };
    return withConnection(target, async (connection) => {
      await requireMigrated(connection);
      return seedWords(connection, options);
    });
  },
  text: ({ files, total, demo, dryRun: rehearsed }, view) => {
    const totals = files.length > 1 ? [{ file: "total", ...total }] : [];
    const lines = [table([...files, ...totals], COLUMNS, view, "no files")];
    if (demo !== null) {
      lines.push(
        `demo: ${count(demo.usersInserted, "user")} and progress on ${count(demo.progressInserted, "word")} added`,
      );
    }
    if (rehearsed) {
      lines.push(view.chalk.yellow("dry run: nothing was written"));
    }
    return lines.join("\n\n");
  },
});

const number = (key: keyof SeedCounts): Column<SeedCounts & { file: string }> => ({
  title: key,
  align: "right",
  value: (row) => row[key].toLocaleString("en-US"),
});

const COLUMNS: readonly Column<SeedCounts & { file: string }>[] = [
  { title: "file", value: (row) => row.file, flexible: true },
  ...(["rows", "inserted", "updated", "unchanged", "duplicates"] as const).map(number),
];

export const seed: Noun = { name: "seed", commands: [load], defaultCommand: load };
