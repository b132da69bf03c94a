/** Commands that meet each other: whatever the order they come in, the outcome is that of one after the other. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject } from "vitest";
import { type CliResult, temporaryFolder, vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { count, tries } from "../support/experiment.js";
import { expectOneOfTenApplies } from "../support/migrating.js";
import { type Answer, addRound, expectOneOrder, operate, shuffled } from "../support/operators.js";
import { history, runUser } from "../support/people.js";

const { seed } = inject("experiment");

/** @param work throws where the outcome is none of those allowed */
async function inRound(experiment: string, processes: number, work: () => Promise<void>): Promise<void> {
  let violations = 1;
  try {
    await work();
    violations = 0;
  } finally {
    count("Concurrency", { experiment, rounds: 1, processes, violations });
  }
}

function rounds(full: number): number[] {
  return Array.from({ length: tries({ full, short: 1 }) }, (_, round) => round);
}

describe("migrate", () => {
  it.for(rounds(5))("10 at once, round %i: exactly one applies, and all succeed", (_, { emptyDb }) =>
    inRound("10 × migrate on an empty database", 10, () => expectOneOfTenApplies(emptyDb)),
  );
});

describe("seed", () => {
  const FILES = 8;
  const WORDS = 600;
  const WORDS_OF_A_FILE = 400;

  /** Each file has most of the words, in an order of its own, and says of each that it is the one that says so. */
  function writeFiles(folder: string, round: number): ReadonlyMap<string, ReadonlySet<string>> {
    const words = Array.from({ length: WORDS }, (_, n) => `w${n}`);
    const files = Array.from({ length: FILES }, (_, n) => {
      const chosen = shuffled(words, seed + FILES * round + n).slice(0, WORDS_OF_A_FILE);
      const name = `file${n}.csv`;
      writeFileSync(join(folder, name), `term,definition\n${chosen.map((word) => `${word},${name}\n`).join("")}`);
      return [name, new Set(chosen)] as const;
    });
    return new Map(files);
  }

  /** The last of the order has all its words as it says; without them the one before it has, and so on. */
  function expectSomeOrder(files: ReadonlyMap<string, ReadonlySet<string>>, saidBy: ReadonlyMap<string, string>): void {
    const left = new Map(files);
    const open = new Map(saidBy);
    while (left.size > 0) {
      const last = [...left].find(([name, words]) => [...words].every((word) => (open.get(word) ?? name) === name));
      if (last === undefined) {
        expect.unreachable(`no order of ${[...left.keys()].join(", ")} makes the table that was found (seed ${seed})`);
      }
      const [name, words] = last;
      for (const word of words) {
        open.delete(word);
      }
      left.delete(name);
    }
    expect([...open.keys()]).toEqual([]);
  }

  it.for(rounds(4))("8 of overlapping files at once, round %i: as if one after the other", (round, { db }) =>
    inRound(`${FILES} × seed of overlapping files`, FILES, async () => {
      const folder = temporaryFolder();
      const files = writeFiles(folder, round);
      const results = await Promise.all(
        [...files.keys()].map((name) =>
          vocabdb(["seed", "-f", join(folder, name), "--language", "de", "--json"], { url: db.url }),
        ),
      );
      expect(results.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
        results.map(() => ({ exitCode: 0, stderr: expect.any(String) })),
      );
      const rows = await db.query<{ term: string; definition: string }>(
        "SELECT term, definition FROM vocabulary_words",
      );
      const saidBy = new Map(rows.map(({ term, definition }) => [term, definition]));
      expect(new Set(saidBy.keys())).toEqual(new Set([...files.values()].flatMap((words) => [...words])));
      expectSomeOrder(files, saidBy);
      const totals = results.map((result) => result.json().total as Record<string, number>);
      expect(sum(totals.map(({ inserted }) => inserted))).toBe(saidBy.size);
      expect(totals.map(({ inserted = 0, updated = 0, unchanged = 0 }) => inserted + updated + unchanged)).toEqual(
        totals.map(() => WORDS_OF_A_FILE),
      );
      const recorded = (await history(db)).map(({ changes }) => changes.vocabulary_words);
      expect(sum(recorded.map((change) => change?.inserted))).toBe(saidBy.size);
      expect(sum(recorded.map((change) => change?.updated))).toBe(sum(totals.map(({ updated }) => updated)));
    }),
  );
});

function sum(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
}

describe("user create", () => {
  const PROCESSES = tries({ full: 64, short: 12 });

  it.for([[], ["--if-not-exists"]])("of one email by many at once, %j: one creates it", (flags, { db }) =>
    inRound(["× user create of one email", ...flags].join(" "), PROCESSES, async () => {
      const results = await Promise.all(
        Array.from({ length: PROCESSES }, () => runUser(db, ["create", "ada@example.org", ...flags])),
      );
      const users = await db.query<{ id: string }>("SELECT id FROM users");
      expect(users).toHaveLength(1);
      const changed = results.filter(({ document }) => document?.changed === true);
      expect(changed).toHaveLength(1);
      for (const other of results.filter((result) => !changed.includes(result))) {
        expect(other).toMatchObject(
          flags.length === 0
            ? { exitCode: 5, code: "EMAIL_TAKEN" }
            : { exitCode: 0, document: { changed: false, user: { id: users[0]?.id } } },
        );
      }
      expect(await history(db)).toMatchObject([{ action: "user create", subjects: ["ada@example.org"] }]);
    }),
  );
});

describe("user delete, restore and purge", () => {
  it("of the same users at once act as if one after the other", async ({ db }) => {
    const answers: Answer[] = [];
    for (const round of rounds(4)) {
      await inRound("user delete × restore × purge of the same users", 16, async () => {
        const emails = await addRound(db, round, 2);
        const calls = emails.flatMap((email) =>
          (["delete", "delete", "delete", "restore", "restore", "restore", "purge", "purge"] as const).map(
            (action) => ({ action, email }),
          ),
        );
        answers.push(...(await operate(db, shuffled(calls, seed + round))));
        await expectOneOrder(db, answers, 0);
      });
    }
  });
});

describe("db start", () => {
  const PROCESSES = 10;

  it.for(rounds(3))("10 at once in one home, round %i: one server, made once and started once", () =>
    inRound("10 × db start in one home, twice", PROCESSES, async () => {
      const env = { VOCABDB_HOME: temporaryFolder() };
      const startAll = (): Promise<CliResult[]> =>
        Promise.all(Array.from({ length: PROCESSES }, () => vocabdb(["db", "start", "--json"], { env })));
      try {
        expectOneServer(await startAll(), { created: 1 });
        expect(await vocabdb(["db", "stop"], { env })).toMatchObject({ exitCode: 0 });
        expectOneServer(await startAll(), { created: 0 });
      } finally {
        await vocabdb(["db", "destroy", "--confirm", "vocabdb"], { env });
      }
    }),
  );

  function expectOneServer(results: readonly CliResult[], { created }: { readonly created: number }): void {
    expect(results.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      results.map(() => ({ exitCode: 0, stderr: expect.any(String) })),
    );
    const documents = results.map((result) => result.json() as Record<string, unknown>);
    expect(new Set(documents.map(({ pid }) => pid)).size).toBe(1);
    expect(new Set(documents.map(({ port }) => port)).size).toBe(1);
    expect(documents.filter((document) => document.changed)).toHaveLength(1);
    expect(documents.filter((document) => document.created)).toHaveLength(created);
    expect(postmastersOf(String(documents[0]?.dataDirectory))).toEqual([documents[0]?.pid]);
  }

  /** By the command line, in which only the first process of a server has its folder. */
  function postmastersOf(dataDirectory: string): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(`-D\0${dataDirectory}\0`))
      .map(Number);
  }

  function commandLine(pid: string): string {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      // It has ended.
      return "";
    }
  }
});
