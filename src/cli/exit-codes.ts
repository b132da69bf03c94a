/** What exit codes mean: to scripts in general, and in the help of each command. */
import { ExitCode } from "../errors/base.js";

export type ExitMeanings = Readonly<Partial<Record<ExitCode, string>>>;

/** As the README has them, in their order. */
export const EXIT_CODES: readonly { readonly codes: readonly ExitCode[]; readonly meaning: string }[] = [
  { codes: [ExitCode.ok], meaning: "done, also when nothing had to change" },
  { codes: [ExitCode.unexpected], meaning: "unexpected failure, or a migration that failed" },
  { codes: [ExitCode.usage], meaning: "wrong usage or configuration, or consent missing" },
  {
    codes: [ExitCode.findings],
    meaning:
      "findings: migrations are pending or risky (`--strict`), the schema has drifted, `--check` found work, `db doctor` found something",
  },
  { codes: [ExitCode.notFound], meaning: "not found" },
  { codes: [ExitCode.conflict], meaning: "conflict: exists already, still in use, or another history" },
  {
    codes: [ExitCode.badData],
    meaning: "bad data: records were rejected (nothing was written, unless `--max-rejects` allowed it)",
  },
  { codes: [ExitCode.unreachable], meaning: "the database is unreachable, refused, or was lost" },
  { codes: [ExitCode.interrupted, ExitCode.terminated], meaning: "SIGINT, SIGTERM: rolled back" },
];

/** Of commands that read or write the tables. */
export const PENDING = {
  [ExitCode.findings]: "migrations are pending: `vocabdb migrate`",
} as const satisfies ExitMeanings;

export const NO_USER = {
  [ExitCode.notFound]: "there is no such user, or only a soft-deleted one that was not asked for",
} as const satisfies ExitMeanings;

/** Of commands that load files. */
export const REJECTED = {
  [ExitCode.badData]: "records were rejected; nothing was written, unless `--max-rejects` allowed it",
} as const satisfies ExitMeanings;

export const NO_EMBEDDED_SERVER = {
  [ExitCode.notFound]: "there is no embedded server: `vocabdb db start`",
} as const satisfies ExitMeanings;

const INTERRUPTED = "SIGINT, SIGTERM: what was not finished is rolled back";

interface Traits {
  /** Whether it may refuse to go on without a name or an answer. */
  readonly asksConsent: boolean;
  readonly connects: boolean;
  readonly writes: boolean;
  /** What the command says of codes itself. */
  readonly declared: ExitMeanings;
}

/** Every code that a command can end with. */
export function exitCodesOf({ asksConsent, connects, writes, declared }: Traits): ExitMeanings {
  const usage = "wrong usage or configuration";
  return {
    [ExitCode.ok]: "done, also when nothing had to change",
    [ExitCode.unexpected]: "unexpected failure: a bug",
    [ExitCode.usage]: asksConsent ? `${usage}, or consent missing` : usage,
    ...(writes && { [ExitCode.conflict]: "another client changed the same rows at that moment: run it again" }),
    ...(connects && { [ExitCode.unreachable]: "the database is unreachable, refused, or was lost" }),
    [ExitCode.interrupted]: INTERRUPTED,
    [ExitCode.terminated]: INTERRUPTED,
    ...declared,
  };
}
