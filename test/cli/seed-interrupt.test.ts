/** `vocabdb seed` that does not get to its end: Ctrl-C and a lost server at every stage leave nothing behind. */
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { EXECUTABLE, startProcess, temporaryFolder } from "../support/cli.js";
import { it, type TestDatabase, withClient } from "../support/database.js";

const HEADER = "language,term,definition\n";
const EARLIER_REJECTS = "term,_line,_column,_code,_reason\nof an earlier run,1,,X,y\n";

interface Seeding {
  readonly cwd: string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Standard input, held open until the test ends. */
  readonly write: (text: string) => void;
  readonly ended: Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
}

function start(db: TestDatabase, cwd: string, args: readonly string[]): Seeding {
  const env = { PATH: process.env.PATH, HOME: cwd, DATABASE_URL: db.url };
  const { child, said, ended } = startProcess(process.execPath, [EXECUTABLE, "seed", "--quiet", ...args], { cwd, env });
  return {
    ...{ cwd, kill: (signal) => void child.kill(signal), write: (text) => void child.stdin.write(text) },
    ended: ended.then((exitCode) => ({ exitCode, ...said })),
  };
}

/** What other sessions of the database are at. */
function sessions(db: TestDatabase): Promise<{ pid: number; state: string; wait: string | null; query: string }[]> {
  return db.query(
    `SELECT pid, state, wait_event_type AS wait, query FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'vocabdb'`,
  );
}

/** Resolves with the seed's session once it is there. */
async function seedAt(db: TestDatabase, query: RegExp, wait: string): Promise<number> {
  let pid: number | undefined;
  const look = async () => {
    pid = (await sessions(db)).find((session) => session.wait === wait && query.test(session.query))?.pid;
    return pid;
  };
  await expect.poll(look, { timeout: 30_000, interval: 20 }).toBeDefined();
  return pid ?? 0;
}

async function terminate(db: TestDatabase, pid: number): Promise<void> {
  await db.query("SELECT pg_terminate_backend($1)", [pid]);
}

interface Left {
  readonly definitions?: readonly string[];
  readonly rejects?: string;
}

/** Nothing on the server, and no file but those that were there. */
async function expectNothingLeft(db: TestDatabase, { cwd }: Seeding, left: Left = {}): Promise<void> {
  // What is idle is a pooler's, which keeps it for the next.
  const busy = async () => (await sessions(db)).filter(({ state }) => state !== "idle");
  await expect.poll(busy).toEqual([]);
  expect(await db.query("SELECT relname FROM pg_class WHERE relpersistence = 't'")).toEqual([]);
  const stored = await db.query<{ definition: string }>("SELECT definition FROM vocabulary_words");
  expect(stored.map(({ definition }) => definition)).toEqual(left.definitions ?? []);
  expect(readdirSync(cwd).filter((name) => name !== "w.csv")).toEqual(["rejects.csv"]);
  expect(readFileSync(join(cwd, "rejects.csv"), "utf8")).toBe(left.rejects ?? EARLIER_REJECTS);
}

function folder(words = HEADER): string {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "w.csv"), words);
  writeFileSync(join(cwd, "rejects.csv"), EARLIER_REJECTS);
  return cwd;
}

const REJECTS = ["--max-rejects", "50%", "--rejects", "rejects.csv"];

/** A seed that has sent some of its rows, has met a bad one, and waits for more. */
async function startReading(db: TestDatabase, options: readonly string[] = []): Promise<Seeding & { pid: number }> {
  const running = start(db, folder(), ["-f", "-", ...REJECTS, ...options]);
  const rows = Array.from({ length: 5_000 }, (_, n) => `de,Wort${n},word\n`);
  running.write(`${HEADER}de,,nothing\n${rows.join("")}`);
  const pid = await seedAt(db, /^COPY pg_temp\./, "Client");
  // The reject has been met as soon as there is something to throw away.
  await expect.poll(() => readdirSync(running.cwd)).toHaveLength(3);
  return { ...running, pid };
}

/** All records had been checked by then, so the rejects are all there. */
const WRITING: Left = {
  definitions: ["old"],
  rejects: "language,term,definition,_line,_column,_code,_reason\nde,,nothing,4,term,INVALID_CELL,term is empty\n",
};

/** A seed that waits in the middle of its writes for a row that somebody else has locked. */
async function whileWriting(db: TestDatabase, work: (running: Seeding, pid: number) => Promise<void>): Promise<void> {
  await db.query("INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'Haus', 'old')");
  await withClient(db.direct, async (other) => {
    await other.query("BEGIN; SELECT FROM vocabulary_words FOR UPDATE");
    const running = start(db, folder(`${HEADER}de,Haus,new\nde,Baum,tree\nde,,nothing\n`), ["-f", "w.csv", ...REJECTS]);
    await work(running, await seedAt(db, /vocabulary_words/, "Lock"));
  });
}

describe.for([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s", ([signal, code]) => {
  it("while standard input is read", async ({ db }) => {
    const running = await startReading(db);
    running.kill(signal);
    expect(await running.ended).toEqual({
      ...{ exitCode: code, stdout: "" },
      stderr: `error: interrupted by ${signal}; what was not finished has been rolled back\n`,
    });
    await expectNothingLeft(db, running);
  });

  it("while rows are written", async ({ db }) => {
    await whileWriting(db, async (running) => {
      running.kill(signal);
      expect(await running.ended).toMatchObject({ exitCode: code, stdout: "" });
      await expectNothingLeft(db, running, WRITING);
    });
  });
});

describe("Ctrl-C", () => {
  it("before the first byte of standard input", async ({ db }) => {
    const running = start(db, folder(), ["-f", "-", "--json"]);
    await seedAt(db, /^COPY pg_temp\./, "Client");
    running.kill("SIGINT");
    const { exitCode, stdout, stderr } = await running.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: "" });
    expect(stderr.split("\n")).toEqual([expect.stringMatching(/^\{"error":\{"code":"INTERRUPTED"/), ""]);
    await expectNothingLeft(db, running);
  });

  it("while a first load goes straight into the table, whose indexes come back", async ({ db }) => {
    const indexes = () => db.query("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1");
    const before = await indexes();
    const rows = Array.from({ length: 400_000 }, (_, n) => `de,Wort${n},the meaning of word number ${n}\n`);
    const running = start(db, folder(HEADER + rows.join("")), ["-f", "w.csv"]);
    const isCopying = async () => (await sessions(db)).some(({ query }) => query.startsWith("COPY vocabulary_words"));
    await expect.poll(isCopying, { timeout: 30_000, interval: 20 }).toBe(true);
    running.kill("SIGINT");
    expect(await running.ended).toMatchObject({ exitCode: 130, stdout: "" });
    await expectNothingLeft(db, running);
    expect(await indexes()).toEqual(before);
  });

  it("while a named pipe is read whose writer says nothing more", async ({ db }) => {
    const cwd = folder();
    const pipe = join(temporaryFolder(), "pipe.csv");
    execFileSync("mkfifo", [pipe]);
    const running = start(db, cwd, ["-f", pipe]);
    const writer = openSync(pipe, "r+");
    try {
      writeSync(writer, `${HEADER}de,Haus,house\n`);
      await seedAt(db, /^COPY pg_temp\./, "Client");
      running.kill("SIGINT");
      const tooLong = new Promise((resolve) => setTimeout(resolve, 10_000, "did not end within 10 s").unref());
      expect(await Promise.race([running.ended, tooLong])).toMatchObject({ exitCode: 130, stdout: "" });
      await expectNothingLeft(db, running);
    } finally {
      closeSync(writer);
    }
  });
});

describe("a server that is lost", () => {
  it("while standard input is read is exit 7", async ({ db }) => {
    const running = await startReading(db);
    await terminate(db, running.pid);
    const { exitCode, stdout, stderr } = await running.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: "" });
    expect(stderr).toMatch(
      /^error: the connection to .* was lost(?: \(terminating connection due to administrator command\))?; what was not committed has been rolled back\nhint: /,
    );
    await expectNothingLeft(db, running);
  });

  it("with --json is one line", async ({ db }) => {
    const running = await startReading(db, ["--json"]);
    await terminate(db, running.pid);
    const { exitCode, stdout, stderr } = await running.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: "" });
    expect(stderr.split("\n")).toEqual([expect.stringMatching(/^\{"error":\{"code":"CONNECTION_LOST"/), ""]);
    await expectNothingLeft(db, running);
  });

  it("while rows are written is exit 7", async ({ db }) => {
    await whileWriting(db, async (running, pid) => {
      await terminate(db, pid);
      expect(await running.ended).toMatchObject({ exitCode: 7, stdout: "" });
      await expectNothingLeft(db, running, WRITING);
    });
  });
});
