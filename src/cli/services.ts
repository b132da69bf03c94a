/** What a command is given to work with, and the bracket that opens and closes it. */
import type { Readable } from "node:stream";
import { type Config, type ConfigInput, type Environment, loadConfig } from "../config.js";
import type { Actor } from "../core/audit.js";
import type { Guard } from "../core/mark.js";
import type { Database } from "../db/database.js";
import type { Connection } from "../db/pool.js";
import type { Resolution } from "../db/resolve.js";
import type { Reject } from "../errors/loading.js";
import { withConsent } from "./consent.js";
import type { Prompts } from "./prompts.js";
import type { AnnotationLevel } from "./render/annotations.js";
import { type Display, openDisplay } from "./render/progress.js";

export interface Services extends Terminal {
  readonly config: Config;
  /** Finds out which database it is, and says what is doubtful about that. Starts the embedded server. */
  readonly resolve: () => Promise<Resolution>;
}

/** What does not depend on the configuration. */
interface Terminal {
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(mode: boolean): unknown };
  /** For what is too much to be a result; results are returned. */
  readonly stdout: NodeJS.WritableStream;
  /** For programs that a command starts; what vocabdb itself reads of it is in the configuration. */
  readonly env: Environment;
  /** While another program has the terminal, Ctrl-C is that program's. */
  readonly lendTerminal: <T>(work: () => Promise<T>) => Promise<T>;
  /** Whether the result goes to stdout in JSON. */
  readonly json: boolean;
  /** Whether it is text for a person, to whom the beginning of a long list is enough. */
  readonly isToRead: boolean;
  /** Aborted by SIGINT and SIGTERM; work that lasts has to listen. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** Who runs this command, for the history. */
  readonly actor: (reason: string | undefined) => Actor;
  /** For a person who watches; never part of the result. */
  readonly notice: (text: string) => void;
  /** Points at places in files, where a CI system shows them beside the lines. */
  readonly annotate: (level: AnnotationLevel, rejects: readonly Reject[]) => void;
  /** About work that lasts. The bracket ends it. */
  readonly display: Display;
  /** null where nobody can be asked. */
  readonly prompts: () => Promise<Prompts | null>;
  /** Work that needs names, given or asked for. The bracket does it for those of `--confirm`, once there is a configuration. */
  readonly withConsent: <R>(given: readonly string[], work: (confirmed: readonly string[]) => Promise<R>) => Promise<R>;
}

/** For what has to work with a configuration that is wrong. */
interface WithConfigInput extends Terminal {
  readonly configInput: ConfigInput;
}

interface WithTarget extends Services {
  readonly resolution: Resolution;
}

interface WithConnection extends WithTarget {
  readonly connection: Connection;
}

interface WithDatabase extends WithConnection {
  readonly database: Database;
}

/** What a command can ask for, from the cheapest to the most expensive to open. */
export interface ServicesFor {
  /** Not even the configuration is read. */
  readonly configInput: WithConfigInput;
  readonly nothing: Services;
  /** The database is known, nothing is opened. */
  readonly target: WithTarget;
  /** A pool of connections. */
  readonly connection: WithConnection;
  /** And Prisma on top of it. */
  readonly database: WithDatabase;
}

/** What comes before the work. */
export interface Opening {
  /** What is said about the target. */
  readonly announce: "data" | "schema" | null;
  readonly dryRun: boolean;
  readonly precheck: (services: WithTarget, confirmed: readonly string[]) => Promise<void>;
  /** For work that is told of the mark, that a marked database refuses, or wants confirmed by name. */
  readonly guard: Guard["rule"] | null;
  /** Names that were given with the command. */
  readonly confirmed: readonly string[];
}

export interface Host {
  withServices<N extends keyof ServicesFor, R>(
    needs: N,
    options: Opening,
    work: (services: ServicesFor[N], confirmed: readonly string[]) => Promise<R>,
  ): Promise<R>;
}

export interface HostInput {
  readonly env: Environment;
  readonly cwd: string;
  readonly stdin: Services["stdin"];
  readonly stdout: Services["stdout"];
  readonly stderr: NodeJS.WritableStream & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  /** Whether colours may be written to stderr. */
  readonly colors: boolean;
  readonly signal: AbortSignal;
  readonly lendTerminal: Terminal["lendTerminal"];
  readonly flags: {
    readonly databaseUrl?: string;
    readonly envFile?: string;
    readonly quiet: boolean;
    readonly json: boolean;
    readonly isToRead: boolean;
  };
  /** Where notices and warnings go. */
  readonly notice: (text: string) => void;
  readonly annotate: Services["annotate"];
  readonly now: Services["now"];
  readonly actor: Services["actor"];
  /** What was typed, to be shown with something added; null where that would leave out what names the database. */
  readonly retyped: string | null;
  /** Told as soon as the target is known, so that a failure can be explained with it. */
  readonly onTarget: (resolution: Resolution) => void;
}

export function createHost(input: HostInput): Host {
  const { env, cwd, stdin, stdout, stderr, signal, lendTerminal, flags, notice, annotate, now, actor, onTarget } =
    input;
  return {
    async withServices<N extends keyof ServicesFor, R>(
      needs: N,
      options: Opening,
      work: (services: ServicesFor[N], confirmed: readonly string[]) => Promise<R>,
    ): Promise<R> {
      const configInput: ConfigInput = { env, cwd, databaseUrl: flags.databaseUrl, envFile: flags.envFile };
      const display = openDisplay(stderr, flags);
      const { json, isToRead } = flags;
      const prompts = async (): Promise<Prompts | null> => {
        // A dumb terminal cannot draw over what it shows, and a question that nobody sees waits for ever.
        if (json || stdin.isTTY !== true || stderr.isTTY !== true || env.TERM === "dumb") {
          return null;
        }
        const { createPrompts } = await import("./prompts.js");
        return createPrompts(input);
      };
      // Where the target is not named beforehand, it has to be in the question.
      const unsaid: string[] = [];
      const withNames: Terminal["withConsent"] = (given, work) =>
        withConsent(
          given,
          async ({ what, name }) => {
            display.pause();
            return (await (await prompts())?.name({ what: [...unsaid, what].join("\n"), name })) ?? false;
          },
          work,
        );
      const terminal: Terminal = {
        ...{ cwd, env, stdin, stdout, json, isToRead, signal, lendTerminal, now, actor },
        ...{ notice, annotate, display, prompts, withConsent: withNames },
      };
      // The types cannot follow the cases, each of which opens just what its name promises.
      const run = (services: ServicesFor[keyof ServicesFor], confirmed: readonly string[]) =>
        work(services as ServicesFor[N], confirmed);
      try {
        if (needs === "configInput") {
          return await run({ ...terminal, configInput }, options.confirmed);
        }
        const config = loadConfig(configInput);
        const resolve = async (): Promise<Resolution> => {
          const { resolveTarget } = await import("../db/resolve.js");
          const resolution = await resolveTarget(config);
          onTarget(resolution);
          sayWarnings(resolution, notice);
          return resolution;
        };
        const base: Services = { ...terminal, config, resolve };
        if (needs === "nothing") {
          return await withNames(options.confirmed, (confirmed) => run(base, confirmed));
        }
        const resolution = await resolve();
        const withTarget: WithTarget = { ...base, resolution };
        const announce = announcer(resolution, options, flags.quiet ? (text) => unsaid.push(text) : notice);
        return await withNames(options.confirmed, async (confirmed) => {
          await options.precheck(withTarget, confirmed);
          if (needs === "target") {
            await announce(null);
            return run(withTarget, confirmed);
          }
          const { withConnection } = await import("../db/pool.js");
          return withConnection(resolution.target, async (connection) => {
            const work = async (): Promise<R> => {
              if (needs === "connection") {
                return run({ ...withTarget, connection }, confirmed);
              }
              const { withPrisma } = await import("../db/database.js");
              return withPrisma(connection, (database) => run({ ...withTarget, connection, database }, confirmed));
            };
            if (options.guard === null) {
              await announce(null);
              return work();
            }
            const { guardMarked } = await import("../core/mark.js");
            const guard: Guard = { rule: options.guard, confirmed, retyped: input.retyped };
            return guardMarked(connection, guard, async (mark) => {
              await announce(mark);
              return work();
            });
          });
        });
      } finally {
        display.end();
      }
    },
  };
}

function sayWarnings(resolution: Resolution, notice: (text: string) => void): void {
  for (const { level, message } of resolution.warnings) {
    if (level === "warning") {
      notice(`warning: ${message}`);
    }
  }
  if (resolution.startedEmbedded) {
    notice("started the embedded server");
  }
}

/** @returns what names the target, once, with what it is marked as where that was looked up */
function announcer(
  resolution: Resolution,
  { announce: what, dryRun }: Opening,
  notice: (text: string) => void,
): (mark: string | null) => Promise<void> {
  let isDone = what === null;
  return async (mark) => {
    if (isDone) {
      return;
    }
    isDone = true;
    const { describeTarget } = await import("../db/target.js");
    const target = what === "schema" ? resolution.migrationTarget : resolution.target;
    const marked = mark === null ? "" : ` [${mark}]`;
    notice(`${dryRun ? "dry run on" : "writing to"} ${describeTarget(target)}${marked}`);
  };
}
