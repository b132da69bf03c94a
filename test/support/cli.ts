/** Runs the built executable as a process of its own, as a user would. */
import {
  type ChildProcess,
  type ChildProcessWithoutNullStreams,
  type SpawnOptionsWithoutStdio,
  spawn,
} from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inject, onTestFinished } from "vitest";
import { packageRoot } from "../../src/package-root.js";
import { requireDocument } from "./documents.js";
import { builtCommand, runInProcess } from "./in-process.js";
import { leaked, secretsGiven } from "./secrets.js";

export const EXECUTABLE = join(packageRoot, "bin", "vocabdb.js");

export interface CliOptions {
  /** Connection URL, set as DATABASE_URL. */
  readonly url?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What standard input holds; by default it is empty. */
  readonly input?: string;
  /** Options of Node's. */
  readonly node?: readonly string[];
  /** A command that is followed by another one, to run that elsewhere. */
  readonly within?: readonly string[];
  /** Called with the running process. */
  readonly onStart?: (child: ChildProcess) => void;
  /** Why a password that it is given may stand in what it prints. */
  readonly mayTell?: string;
}

export interface CliResult {
  /** null when a signal that was not handled ended the process. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Parsed standard output. @throws when it is not one JSON document */
  // biome-ignore lint/suspicious/noExplicitAny: the tests state what they expect of it
  json(): any;
}

/** An empty folder that is removed when the test ends; a home without any embedded server. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "vocabdb-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param files contents by name; folders in a name are made */
export function folderWith(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** A process that lasts, and what it has said so far. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly said: { stdout: string; stderr: string };
  /** The exit code, once everything is read. Fails where a password that it was given is told. */
  readonly ended: Promise<number | null>;
}

interface StartOptions extends SpawnOptionsWithoutStdio, Pick<CliOptions, "mayTell"> {
  /** All of its standard input, which otherwise stays open. */
  readonly input?: string;
}

/** Starts a process that does not outlive the test. */
export function startProcess(command: string, args: readonly string[], options: StartOptions): Running {
  const child = spawn(command, args, options);
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      said[name] += chunk;
    });
  }
  // The process may end without having read everything.
  child.stdin.on("error", () => {});
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      try {
        refuseLeaks(args, options, said);
        resolve(exitCode);
      } catch (error) {
        reject(error);
      }
    });
  });
  if (options.input !== undefined) {
    child.stdin.end(options.input);
  }
  return { child, said, ended };
}

function refuseLeaks(
  args: readonly string[],
  { env = {}, cwd = ".", input = "", mayTell }: StartOptions,
  { stdout, stderr }: Running["said"],
): void {
  const given = [...secretsGiven({ args, env, cwd: String(cwd), input }), inject("server").password];
  const found = leaked(`${stdout}\n${stderr}`, ["$argon2id", ...(mayTell === undefined ? given : [])]);
  if (found.length > 0) {
    throw new Error(`\`${args.join(" ")}\` tells a secret (${JSON.stringify(found[0])} …):\n${stdout}\n${stderr}`);
  }
}

/** What an operator has to set beside the address of a pooler in transaction mode. */
function directUrl(url: string): { readonly DIRECT_URL?: string } {
  const server = inject("server");
  const pooler = inject("poolMode") === "transaction" ? inject("poolers")?.transaction : undefined;
  const through = `@${pooler?.host}:${pooler?.port}/`;
  return url.includes(through) ? { DIRECT_URL: url.replace(through, `@${server.host}:${server.port}/`) } : {};
}

function environment(home: string, { url, env }: CliOptions): NodeJS.ProcessEnv {
  return {
    ...{ PATH: process.env.PATH, HOME: home },
    ...(url !== undefined && { DATABASE_URL: url, ...directUrl(url) }),
    ...env,
  };
}

export async function vocabdb(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const home = temporaryFolder();
  const [program = "", ...before] = [...(options.within ?? []), process.execPath];
  const command = [...before, ...(options.node ?? []), EXECUTABLE, ...args];
  const { cwd = home, input = "", mayTell } = options;
  const env = environment(home, options);
  const { child, said, ended } = startProcess(program, command, { cwd, env, input, ...(mayTell && { mayTell }) });
  options.onStart?.(child);
  const exitCode = await ended;
  await requireDocument(args, { exitCode, ...said });
  return { exitCode, ...said, json: () => JSON.parse(said.stdout) };
}

/** Commands that this file has run in a process of their own. */
const proven = new Set<string>();

/** Variables that vocabdb takes from what it is given, and nothing else reads. */
const OWN_VARIABLE = /^(VOCABDB_\w+|(DATABASE|DIRECT|SHADOW_DATABASE)_URL|GITHUB_\w+|XDG_DATA_HOME)$/;

/**
 * The same where the process is not the point. A file runs each command as a process first and then in its own, out of the
 * same bundle: most of the time of a short command is the start of its process.
 */
export async function vocabdbHere(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { env = {}, cwd, input = "", within, onStart, mayTell } = options;
  const command = args.slice(0, 2).join(" ");
  const needsProcess =
    within !== undefined || onStart !== undefined || Object.keys(env).some((name) => !OWN_VARIABLE.test(name));
  if (needsProcess || !proven.has(command)) {
    proven.add(command);
    return vocabdb(args, options);
  }
  const home = temporaryFolder();
  const given = { cwd: cwd ?? home, env: environment(home, options), input };
  const said = await runInProcess(await builtCommand(), args, given);
  refuseLeaks(args, { ...given, ...(mayTell && { mayTell }) }, said);
  await requireDocument(args, said);
  return { ...said, json: () => JSON.parse(said.stdout) };
}
