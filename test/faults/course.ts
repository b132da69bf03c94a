/** How a command runs when nothing happens: which messages it exchanges with the server, and what each of them leaves. */

import type { Message, Watch } from "../support/proxy.js";
import { type Contents, differences, normalized, type Snapshot, takeSnapshot } from "../support/snapshot.js";
import type { WritingCommand } from "./commands.js";
import { type Copies, type Prepared, runAt } from "./copies.js";

export interface Course {
  readonly prepared: Prepared;
  readonly beginning: Snapshot;
  /** What the database may be afterwards, in order: the last one is when all is done. */
  readonly states: readonly Contents[];
  /** The turns, in order. */
  readonly turns: readonly Turn[];
  /** Milliseconds that it takes on this machine as it is now. */
  readonly tookMs: number;
  readonly filesBefore: string;
  readonly filesAfter: string;
}

/** A message with which one side hands over to the other; whatever changes, changes between two of them. */
export interface Turn {
  readonly from: Message["from"];
  /** In words, for people. */
  readonly says: string;
}

const TURNS: Readonly<Record<Message["from"], Readonly<Record<string, string>>>> = {
  client: { "": "start", p: "password", Q: "query", E: "execute", d: "copy data", c: "copy done", X: "goodbye" },
  server: { R: "authentication", C: "complete", G: "copy in", Z: "ready" },
};

/** null for what does not count: descriptions, rows, notices. */
export function turnOf({ from, type, body }: Message): Turn | null {
  const says = TURNS[from][type];
  if (says === undefined) {
    return null;
  }
  const isText = type === "Q" || type === "C";
  return { from, says: isText ? `${says} ${body.toString("utf8").replaceAll("\0", "").trim().slice(0, 40)}` : says };
}

/** Outside of a transaction. */
const isIdle = ({ from, type, body }: Message): boolean =>
  from === "server" && type === "Z" && body.toString("latin1") === "I";

/** Saves looking at the database where nothing can have changed. */
const READS = /^complete (SELECT|SET|RESET|BEGIN|ROLLBACK|SHOW)/;

/** Runs it once, and looks at the database each time that the server is outside of a transaction. */
export async function measure(copies: Copies, command: WritingCommand): Promise<Course> {
  const prepared = await copies.prepare(command);
  return copies.with(prepared, async (db) => {
    const beginning = await takeSnapshot(db.direct);
    const states = [normalized(beginning, beginning)];
    const note = async (): Promise<void> => {
      const state = normalized(await takeSnapshot(db.direct, beginning), beginning);
      if (differences(state, states.at(-1) ?? state).length > 0) {
        states.push(state);
      }
    };
    const turns: Turn[] = [];
    let seen = 0;
    const watch: Watch = (message) => {
      const turn = turnOf(message);
      if (turn !== null) {
        turns.push(turn);
      }
      if (!isIdle(message)) {
        return undefined;
      }
      const wrote = turns
        .slice(seen)
        .some(({ from, says }) => from === "server" && /^complete/.test(says) && !READS.test(says));
      seen = turns.length;
      return wrote ? note().then(() => "pass") : undefined;
    };
    const startedAt = performance.now();
    const { parameters } = copies.options;
    const run = await runAt(db, command, watch, { parameters, onStart: () => {} });
    const tookMs = performance.now() - startedAt;
    await note();
    const { exitCode, stderr } = run.result;
    if (exitCode !== (command.done ?? 0) || states.length < 2 || (command.steps === undefined && states.length > 2)) {
      throw new Error(`${command.name} ended with ${exitCode}, over ${states.length} states: ${stderr}`);
    }
    return { prepared, beginning, states, turns, tookMs, filesBefore: run.filesBefore, filesAfter: run.files() };
  });
}
