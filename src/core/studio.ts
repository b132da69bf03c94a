/** Prisma Studio on a target. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "../config.js";
import { libpqEnvironment } from "../db/libpq.js";
import { tryPort } from "../db/ports.js";
import { withRelay } from "../db/relay.js";
import type { Target } from "../db/target.js";
import { ProgramFailedError } from "../errors/programs.js";
import { UsageError } from "../errors/usage.js";
import { packageRoot } from "../package-root.js";
import { findPrisma } from "./prisma-cli.js";
import { endOf } from "./programs.js";

const NAME = "Prisma Studio";
/** Studio's own choice. */
const DEFAULT_PORT = 51_212;
const HOST = "127.0.0.1";
const START_DEADLINE_MS = 60_000;
const POLL_MS = 100;

export interface StudioOptions {
  /** undefined: Studio's usual one, or where that is taken a free one. */
  readonly port: number | undefined;
  /** Whether Studio opens itself in the browser. */
  readonly open: boolean;
  readonly cwd: string;
  /** Of this process. */
  readonly env: Environment;
  readonly signal: AbortSignal;
  /** Told when Studio answers. */
  readonly onReady: (url: string) => void;
}

/**
 * Serves Studio until the signal comes.
 *
 * @throws {InterruptedError} the reason of the signal
 * @throws {ProgramFailedError} when Studio ends before
 */
export function runStudio(target: Target, options: StudioOptions): Promise<never> {
  return withRelay(target, options.signal, async (local) => {
    const ended = await serve(local, await choosePort(options.port), options);
    // Somebody else, such as another Studio that begins just now, may be given the port before this one opens it.
    const isTaken = options.port === undefined && ended.reason.includes("EADDRINUSE");
    const { exitCode, reason } = isTaken ? await serve(local, await choosePort(0), options) : ended;
    throw new ProgramFailedError(NAME, `ended by itself (exit code ${exitCode}): ${reason || "no reason given"}`);
  });
}

/** @returns when Studio ends before the signal */
async function serve(local: Target, port: number, { open, cwd, env, signal, onReady }: StudioOptions) {
  const { script } = findPrisma(cwd, env);
  const browser = open ? [] : ["--browser", "none"];
  const args = ["studio", "--config", join(packageRoot, "prisma", "studio.config.mjs"), "--port", String(port)];
  const child = spawn(process.execPath, [script, ...args, ...browser], {
    cwd: packageRoot,
    env: studioEnvironment(local, env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said = listen(child);
  const url = `http://${HOST}:${port}`;
  const [exitCode] = await Promise.all([endOf(child, NAME, signal), whenReady(child, url, said, onReady)]);
  return { exitCode, reason: said.stderr.trim() };
}

function studioEnvironment(local: Target, env: Environment): NodeJS.ProcessEnv {
  const { options } = local;
  return {
    ...libpqEnvironment(local, env, null),
    // The one thing that Studio's driver does not read from libpq's variables.
    VOCABDB_STUDIO_URL: `postgresql://${options === null ? "" : `?options=${encodeURIComponent(options)}`}`,
    // Studio needs no engine, and any file that exists spares Prisma's attempt to download one.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    CHECKPOINT_DISABLE: "1",
    PRISMA_HIDE_UPDATE_MESSAGE: "1",
  };
}

/** Its last words, should it fail. */
function listen(child: ChildProcessWithoutNullStreams): { stdout: string; stderr: string } {
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      said[name] = (said[name] + chunk).slice(-2_000);
    });
  }
  return said;
}

/** That it says so is waited for as well: somebody else may have been given the port in between, and would answer. */
async function whenReady(
  child: ChildProcessWithoutNullStreams,
  url: string,
  said: { readonly stdout: string },
  onReady: StudioOptions["onReady"],
): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (child.exitCode === null && child.signalCode === null) {
    if (said.stdout.includes(new URL(url).port) && (await answers(url))) {
      onReady(url);
      return;
    }
    if (Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new ProgramFailedError(NAME, "did not answer within 60 s");
    }
    await sleep(POLL_MS);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    return ok;
  } catch {
    return false;
  }
}

/** @throws {UsageError} when the port asked for is taken */
async function choosePort(wanted: number | undefined): Promise<number> {
  const port = (await tryPort(wanted ?? DEFAULT_PORT)) ?? (wanted === undefined ? await tryPort(0) : null);
  if (port === null) {
    throw new UsageError(
      `port ${wanted} on ${HOST} is taken by another program`,
      "choose another one with --port, or leave it out to have a free one chosen",
    );
  }
  return port;
}
