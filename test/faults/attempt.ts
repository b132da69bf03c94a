/** One try: a command is run, something happens to it at one point, and everything that was promised is looked at. */
import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { ExitCode } from "../../src/errors/base.js";
import type { CliResult } from "../support/cli.js";
import type { TestDatabase } from "../support/database.js";
import type { Verdict, Watch } from "../support/proxy.js";
import { differences, normalized, takeSnapshot } from "../support/snapshot.js";
import { again } from "./again.js";
import type { WritingCommand } from "./commands.js";
import { type Copies, type Run, runAt } from "./copies.js";
import { type Course, turnOf } from "./course.js";
import type { Point } from "./points.js";

export interface Scene {
  /** None where the command runs in this process. */
  readonly child: ChildProcess | null;
  readonly db: TestDatabase;
  readonly point: Point;
}

export interface Fault {
  readonly name: string;
  /** Brings it about while the message at the point is held. @returns what becomes of the message */
  readonly strike: (scene: Scene) => Promise<Verdict>;
  /** Called once the process has ended. @param reached whether it struck */
  readonly over?: (reached: boolean) => Promise<void>;
  /** It is sent to the process, so that there has to be one. */
  readonly toProcess?: true;
  /** How the process may end, beside coming to its end as if nothing had happened; null: it is killed. */
  readonly exits: readonly (number | null)[];
  /** From the moment it has struck; on a loaded machine as much longer as the command takes anyway. */
  readonly endsWithinMs: number;
}

/** Five seconds for the roll-back, and what a loaded machine takes. */
export const ROLLED_BACK_MS = 8_000;

export function signal(child: ChildProcess | null, name: NodeJS.Signals): ChildProcess {
  if (!child?.kill(name)) {
    throw new Error(`the process was not there to be sent ${name}`);
  }
  return child;
}

/** Every fourth try of what can happen to a command in this process too. And the last one: only of a process is the last word waited for. */
export function isProcess(index: number, point: Point, { turns }: Course): boolean {
  return index % 4 === 0 || point.number === turns.length;
}

/**
 * @param asProcess of its own; what can happen to a command in this process takes half the time there
 * @returns what was promised and did not hold
 */
export async function attempt(
  copies: Copies,
  course: Course,
  command: WritingCommand,
  point: Point,
  fault: Fault,
  asProcess: boolean,
): Promise<string[]> {
  const json = point.number % 2 === 0;
  return copies.with(course.prepared, async (db) => {
    const { run, tookMs } = await runStruck(db, command, point, fault, { ...copies.options, json, asProcess });
    const outcome = { ...run.result, json };
    const endsWithinMs = (command.deadlineMs ?? fault.endsWithinMs) + course.tookMs;
    const left = await leftovers(db);
    const state = await stateOf(db, command, course);
    const problems = [
      ...(tookMs === null ? ["the point was not reached"] : []),
      ...(tookMs !== null && tookMs > endsWithinMs ? [`it ended after ${Math.round(tookMs)} ms`] : []),
      ...left,
      ...(typeof state === "string" ? [state] : judge(command, course, fault, outcome, state)),
      ...filesOf(run, course, fault),
    ];
    return [...problems, ...(await again(db, command, course, run.folder, state === course.states.length - 1))];
  });
}

/** Says at once what a run of many minutes would otherwise say in the end. */
export function told(
  fault: Pick<Fault, "name">,
  command: WritingCommand,
  { turns }: Course,
  { when, number, turn }: Point,
  problems: readonly string[],
): string[] {
  const where = `${fault.name}: ${command.name} ${when} turn ${number} of ${turns.length} (${turn.from}: ${turn.says})`;
  const lines = problems.map((problem) => `${where}: ${problem}`);
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
  return lines;
}

async function runStruck(
  db: TestDatabase,
  command: WritingCommand,
  point: Point,
  fault: Fault,
  {
    json,
    asProcess,
    parameters,
  }: { readonly json: boolean; readonly asProcess: boolean; readonly parameters?: string },
): Promise<{ readonly run: Run; readonly tookMs: number | null }> {
  let turns = 0;
  let startedAt: number | null = null;
  let struck: Promise<Verdict> | undefined;
  const process: { child: ChildProcess | null } = { child: null };
  const strike = async (): Promise<Verdict> => {
    const verdict = await fault.strike({ child: process.child, db, point });
    startedAt = performance.now();
    return verdict;
  };
  const watch: Watch = (message) => {
    if (turnOf(message) === null) {
      return undefined;
    }
    turns += 1;
    if (turns !== point.number) {
      return undefined;
    }
    struck = strike();
    // One that it comes after goes on at once.
    return point.when === "before" ? struck : undefined;
  };
  const onStart = (child: ChildProcess): void => {
    process.child = child;
  };
  const run = await runAt(db, command, watch, {
    ...{ flags: json ? ["--json"] : [], parameters },
    ...(asProcess && { onStart }),
  });
  const endedAt = performance.now();
  await struck;
  await fault.over?.(startedAt !== null);
  return { run, tookMs: startedAt === null ? null : endedAt - startedAt };
}

/** Sessions, locks: what the server still holds for a command that has ended, after the time that it needs to see that. */
async function leftovers(db: TestDatabase): Promise<string[]> {
  const { database } = db.target;
  const find = () =>
    db.query<{ what: string }>(
      `SELECT concat_ws(' ', 'session', state, query) AS what FROM pg_stat_activity
        WHERE datname = $1 AND backend_type = 'client backend' AND pid <> pg_backend_pid()
       UNION ALL
       SELECT concat_ws(' ', 'lock', locktype, mode, relation::regclass) FROM pg_locks AS l
        WHERE database = (SELECT oid FROM pg_database WHERE datname = $1) AND pid <> pg_backend_pid()`,
      [database],
    );
  const until = performance.now() + 10_000;
  for (;;) {
    const found = await find();
    if (found.length === 0 || performance.now() > until) {
      return found.map(({ what }) => `left behind: ${what}`);
    }
    await sleep(20);
  }
}

/** @returns which of the states it is, or how it differs from the first one that is alike */
async function stateOf(
  db: TestDatabase,
  { anyOrder }: WritingCommand,
  { beginning, states }: Course,
): Promise<number | string> {
  const snapshot = await takeSnapshot(db.direct, beginning);
  if (differences(snapshot, beginning).length === 0) {
    return 0;
  }
  const is = normalized(snapshot, beginning);
  const at = states.findIndex((state, index) => index > 0 && differences(is, state).length === 0);
  if (at === -1 && anyOrder && isMixture(is, states)) {
    return 0;
  }
  const closest = states.map((state) => differences(is, state)).sort((a, b) => a.length - b.length)[0] ?? [];
  return at === -1 ? `neither before nor after: ${closest.join("; ")}` : at;
}

/** Each table and each object is as it is in one of the states. */
function isMixture({ tables, objects }: Course["states"][number], states: Course["states"]): boolean {
  const alone = (name: string, from: typeof tables) => ({ objects: {}, tables: { [name]: from[name] ?? [] } });
  return (
    Object.keys(tables).every((name) =>
      states.some((state) => differences(alone(name, tables), alone(name, state.tables)).length === 0),
    ) && Object.entries(objects).every(([name, is]) => states.some((state) => state.objects[name] === is))
  );
}

interface Outcome extends Omit<CliResult, "json"> {
  /** Whether it was run with `--json`. */
  readonly json: boolean;
}

const CLAIMS_ROLLBACK = /rolled back|nothing was written/;

function judge(
  { done = 0, steps, reports }: WritingCommand,
  { states }: Course,
  { exits }: Fault,
  { exitCode, stdout, stderr, json }: Outcome,
  state: number,
): string[] {
  const isDone = state === states.length - 1;
  const told = `exit ${exitCode}, state ${state} of ${states.length - 1}, said ${JSON.stringify(stderr.slice(-600))}`;
  if (exitCode === done) {
    return isDone ? [] : [`it says that it is done and is not: ${told}`];
  }
  if (reports && stdout !== "" && exits.includes(ExitCode.unreachable) && (exitCode === 3 || exitCode === 7)) {
    return stdout.startsWith("{") === json ? [] : [`not its report: ${told}`];
  }
  if (!exits.includes(exitCode)) {
    return [`another exit code: ${told}`];
  }
  if (exitCode === null) {
    return [];
  }
  const problems: string[] = [];
  if (json && (stdout !== "" || !isErrorLine(stderr))) {
    problems.push(`not one line of JSON: ${JSON.stringify(stdout)} ${told}`);
  }
  if (/\n\s+at /.test(stderr) || !/error/.test(stderr)) {
    problems.push(`not an error as it should read: ${told}`);
  }
  if (isDone && steps === undefined && CLAIMS_ROLLBACK.test(stderr)) {
    problems.push(`it says that it is not done and is: ${told}`);
  }
  return problems;
}

function isErrorLine(text: string): boolean {
  const [line = "", ...others] = text.split("\n");
  try {
    const { error } = JSON.parse(line);
    return (
      typeof error.code === "string" && typeof error.message === "string" && "hint" in error && others.join() === ""
    );
  } catch {
    return false;
  }
}

/** Files are as before or as after; what has no time to clear up may leave one under another name. */
function filesOf({ files }: Run, { filesBefore, filesAfter }: Course, { exits }: Fault): string[] {
  const left = files();
  const named = exits.includes(null) ? left.replace(/^\..*\.tmp: [\s\S]*?\n(?=\w+\.csv: )/m, "") : left;
  return [filesBefore, filesAfter].includes(named) ? [] : [`files: ${left.slice(-500)}`];
}
