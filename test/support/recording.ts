/** Documents whose sessions are recorded: the commands of their console blocks, and what these really print. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { DAY_MS } from "../../src/core/time.js";
import { findCluster } from "../../src/db/embedded/cluster.js";
import { packageRoot } from "../../src/package-root.js";
import { builtCommand, runInProcess } from "./in-process.js";

/** What stands in the documents for what is another with each run. */
const EXAMPLE = {
  ...{ day: "2026-11-22", time: "12:00:00", port: 20422, pid: 7625, home: "/home/ada" },
  id: "019aab2c-5a00-7312-8f4e-2b7c9d1e6a05",
} as const;
/** Times further away than this are part of the data. */
const DAYS_AROUND = 60;

/** Types a command; @returns what the terminal shows. */
export type Typist = (command: string) => Promise<string>;

/** @returns the document with each command of its console blocks followed by what it prints now */
export async function recorded(document: string, type: Typist): Promise<string> {
  const parts = document.split(/(?<=^```console\n)([\s\S]*?)(?=^```$)/m);
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 1) {
      const outputs: string[] = [];
      for (const [, command = "", before = ""] of part.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
        outputs.push(`$ ${command}\n${keepDurations(before, await type(command))}`);
      }
      parts[index] = outputs.join("\n");
    }
  }
  return parts.join("");
}

/** Lines that differ in nothing but how long something took stay as they were recorded once. */
function keepDurations(before: string, now: string): string {
  const anyTime = (line: string): string => line.replace(/ *\b\d+(\.\d+)? ms\b/g, " ms");
  const known = new Map(before.split("\n").map((line) => [anyTime(line), line]));
  return now
    .split("\n")
    .map((line) => known.get(anyTime(line)) ?? line)
    .join("\n");
}

/** A checkout in somebody's home, so that no `.env` of this one is read, and no file of it written. */
export function checkoutIn(home: string): string {
  const checkout = join(home, "vocabdb");
  mkdirSync(checkout);
  for (const name of ["bin", "data", "dist", "package.json", "prisma"]) {
    cpSync(join(packageRoot, name), join(checkout, name), { recursive: true });
  }
  symlinkSync(join(packageRoot, "node_modules"), join(checkout, "node_modules"), "junction");
  return checkout;
}

/**
 * Types one command after the other into the checkout: those of vocabdb run in this process, everything else in a
 * shell. It is noon of the last such day of the week all the while, so that neither what is due on which day nor what
 * was studied in which week depends on when this runs.
 */
export async function typistAt(home: string): Promise<Typist> {
  const cwd = join(home, "vocabdb");
  const command = await builtCommand(cwd);
  const began = Date.now();
  const example = Date.parse(`${EXAMPLE.day}T${EXAMPLE.time}Z`);
  const noon = example + Math.floor((began - DAY_MS / 2 - example) / (7 * DAY_MS)) * 7 * DAY_MS;
  const last = { exitCode: 0 };
  return async (line) => {
    const words = wordsOf(line);
    const program = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
    const variables = words.slice(0, program).map((word) => word.split(/=(.*)/s));
    const [name, ...argv] = words.slice(program).filter((word) => word !== "npx");
    if (name !== "vocabdb") {
      return execFileSync("sh", ["-c", `(exit ${last.exitCode}); ${line}`], { cwd, encoding: "utf8" });
    }
    const env = { HOME: home, ...Object.fromEntries(variables) };
    const { exitCode, shown } = await runInProcess(command, argv, { cwd, env, now: () => new Date(noon) });
    last.exitCode = exitCode;
    return withExamples(shown, { home, began, noon });
  };
}

/** As a shell splits them; there is nothing in them but quotes. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, "$1$2"));
}

interface Moment {
  readonly home: string;
  /** When the session began; what happens in it has the time of the database's clock. */
  readonly began: number;
  /** What the commands take for now. */
  readonly noon: number;
}

function withExamples(text: string, { home, began, noon }: Moment): string {
  const port = findCluster(join(home, ".local", "share", "vocabdb"))?.port;
  const days = Date.parse(`${EXAMPLE.day}T${EXAMPLE.time}Z`) - noon;
  return text
    .replaceAll(home, EXAMPLE.home)
    .replaceAll(encodeURIComponent(home), encodeURIComponent(EXAMPLE.home))
    .replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${EXAMPLE.port}`)
    .replace(/^(pid +)\d+$/gm, `$1${EXAMPLE.pid}`)
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, EXAMPLE.id)
    .replace(/\b(\d{4}-\d\d-\d\d)(?:([T ])(\d\d:\d\d:\d\d)(\.\d{3})?Z)?/g, (found, day, between, time, fraction) => {
      const at = Date.parse(time === undefined ? day : `${day}T${time}${fraction ?? ".999"}Z`);
      if (time !== undefined && at >= began && at <= Date.now() + 1000) {
        return `${EXAMPLE.day}${between}${EXAMPLE.time}${fraction === undefined ? "" : ".000"}Z`;
      }
      const isData = Math.abs(at - noon) > DAYS_AROUND * DAY_MS;
      return isData ? found : `${new Date(Date.parse(day) + days).toISOString().slice(0, 10)}${found.slice(10)}`;
    });
}
