import fc from "fast-check";
import type { PoolClient } from "pg";
import { describe, expect } from "vitest";
import { copyRows, encodePlainRow, encodeRow, isPlain } from "../../src/db/copy.js";
import type { Connection } from "../../src/db/pool.js";
import { inTransaction } from "../../src/db/transaction.js";
import { it as base, type TestDatabase, withClient } from "../support/database.js";

type Values = readonly (string | null)[];

const INTO = "copied (n, a, b, absent)";
const PATIENTLY = { timeout: 30_000 };

/** A fresh table, and the test's connection to it. */
const it = base.extend<{ table: Connection }>({
  table: async ({ db, connection }, use) => {
    await db.query("CREATE TABLE copied (n int, a text, b text, absent int)");
    await use(connection);
  },
});

/** The work of one connection, which has to serve on afterwards. */
async function withPooled<T>({ pool }: Connection, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    const result = await work(client);
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    return result;
  } finally {
    client.release();
  }
}

/** What the table holds after these rows, and no others, were copied into it. */
function copied(table: Connection, rows: readonly Values[], encode = encodeRow): Promise<Values[]> {
  const lines = rows.map((row, n) => encode(String(n), row, "\t7"));
  return withPooled(table, async (client) => {
    await client.query("TRUNCATE copied");
    await copyRows(client, INTO, chunked(lines));
    const stored = await client.query<{ a: string | null; b: string | null }>(
      "SELECT a, b FROM copied WHERE absent = 7 ORDER BY n",
    );
    return stored.rows.map(({ a, b }) => [a, b]);
  });
}

/** Two rows to a string, as loading sends many. */
async function* chunked(lines: readonly string[]): AsyncGenerator<string> {
  for (let n = 0; n < lines.length; n += 2) {
    yield lines.slice(n, n + 2).join("");
  }
}

/** Far more rows than anything here waits for; `state` tells how many were asked for, and whether it was ended. */
async function* endless(state: { asked: number; closed: boolean }): AsyncGenerator<string> {
  const row = encodeRow("1", ["x".repeat(100_000), null], "\t0");
  try {
    while (state.asked < 5_000) {
      state.asked += 1;
      yield row;
    }
    throw new Error("nobody stopped the rows");
  } finally {
    state.closed = true;
  }
}

async function* failing(rows: number, error: Error): AsyncGenerator<string> {
  for (let n = 0; n < rows; n += 1) {
    yield encodeRow(String(n), ["x".repeat(1_000), ""], "\t0");
  }
  throw error;
}

async function count(db: TestDatabase): Promise<number> {
  const [row] = await db.query<{ count: number }>("SELECT count(*)::int AS count FROM copied");
  return row?.count ?? -1;
}

/** What the server says each connection of the pool does. */
function activity(db: TestDatabase): Promise<{ state: string; wait: string | null }[]> {
  return db.query(
    `SELECT state, wait_event_type AS wait FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'vocabdb' AND state <> 'idle'`,
  );
}

const AWKWARD = [
  ...["\\", "\\\\", "\\.", "\\N", "\\n", "\\t", "\\x41", "\\101", "N", "NULL", "null", "", " "],
  ...["\t", "\n", "\r", "\r\n", "a\tb", "a\nb", "a\rb", "a\r\nb", "\\\n", "\\\t", "end\\"],
  // What once ended a COPY, alone on a line.
  ...["\\.\n", "\n\\.\n", "a\n\\.\nb", "\r\n\\.\r\n"],
  ...["\b\f\v\u0001\u007f", "\u0085\u2028\u2029", "\ufeff", "\ufffd", "'\"`$;--", "{}"],
  ...["地", "𠀀", "👩\u200d👧", "e\u0301"],
];

describe("every value arrives as it was", () => {
  it("alone, next to others, and as null", async ({ table }) => {
    const others = [null, "x", "\\N"];
    const rows = AWKWARD.flatMap((value) =>
      others.flatMap((other): Values[] => [
        [value, other],
        [other, value],
      ]),
    );
    expect(await copied(table, rows)).toEqual(rows);
  });

  it("whatever it is made of", async ({ table }) => {
    const text = fc
      .oneof(
        fc.string({ unit: fc.constantFrom(...["\\", "\t", "\n", "\r", ".", "N", "n", "a", "é", "𠀀"]), maxLength: 12 }),
        fc.string({ unit: "binary", maxLength: 30 }),
      )
      .filter((value) => !value.includes("\0"));
    const value = fc.option(text, { freq: 10 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value), { maxLength: 100 }), async (rows) => {
        expect(await copied(table, rows)).toEqual(rows);
      }),
      { numRuns: 200 },
    );
  });

  it("also in the quicker way, if it is plain", async ({ table }) => {
    const odd = ["", " ", "N", ".", "NULL", "'\"`$;--", "\b\f\v\u0001", "\u0085\u2028", "地", "𠀀"];
    const values = [...odd, "x".repeat(70_000)];
    expect(values.filter((value) => !isPlain(value))).toEqual([]);
    const rows = values.flatMap((value) => [null, "x"].map((other): Values => [value, other]));
    expect(await copied(table, rows, encodePlainRow)).toEqual(rows);
  });

  it("also when its characters are cut by what fits into a packet", async ({ table }) => {
    const rows = [1, 2, 3].map((n): Values => [`${"x".repeat(n)}${"𠀀\t".repeat(200_000)}`, "\\."]);
    expect(await copied(table, rows)).toEqual(rows);
  });

  it("also when there is none", async ({ table }) => {
    expect(await copied(table, [])).toEqual([]);
  });
});

describe("a value is plain", () => {
  it.for(AWKWARD)("exactly if the format takes it as it is: %j", (value) => {
    expect(isPlain(value)).toBe(encodeRow("1", [value], "") === encodePlainRow("1", [value], ""));
    expect(isPlain(value)).toBe(!/[\\\t\r\n]/.test(value));
  });
});

it("rows are lines, in which only the values are escaped", () => {
  expect(encodeRow("17", ["a\tb", null, "\\N", "", "\r\n"], "\t0")).toBe("17\ta\\tb\t\\N\t\\\\N\t\t\\r\\n\t0\n");
  expect(encodePlainRow("17", ["a", null, ""], "")).toBe("17\ta\t\\N\t\n");
});

describe("an error in the source of the rows", () => {
  it.for([[0], [1], [5_000]] as const)(
    "is what is thrown, undoes what was sent, and the connection serves on (%i rows)",
    async ([rows], { db, table }) => {
      const error = new Error("the disk is gone");
      await withPooled(table, (client) => expect(copyRows(client, INTO, failing(rows, error))).rejects.toBe(error));
      expect(await count(db)).toBe(0);
      expect(await copied(table, [["after", null]])).toEqual([["after", null]]);
    },
  );

  it("rolls the transaction back with all that came before", async ({ db, table }) => {
    const error = new Error("the disk is gone");
    const work = inTransaction(table, {}, async (client) => {
      await copyRows(client, INTO, chunked([encodeRow("1", ["before", null], "\t0")]));
      await copyRows(client, INTO, failing(5_000, error));
    });
    await expect(work).rejects.toBe(error);
    expect(await count(db)).toBe(0);
    // It was not thrown away.
    expect([table.pool.totalCount, table.pool.idleCount]).toEqual([1, 1]);
    expect(await copied(table, [["after", null]])).toEqual([["after", null]]);
  });
});

describe("what the server refuses", () => {
  it.for([
    ["a row of too few values", "1\tx\n", "22P04"],
    ["a value of another type", "x\tx\tx\t0\n", "22P02"],
  ] as const)("is its error, and nothing is kept: %s", async ([_, bad, code], { db, table }) => {
    const good = encodeRow("1", ["a", "b"], "\t0").repeat(1_000);
    await withPooled(table, (client) =>
      expect(copyRows(client, INTO, chunked([good, good, bad, good]))).rejects.toMatchObject({ code }),
    );
    expect(await count(db)).toBe(0);
  });

  it("ends a source that would go on for ever", async ({ table }) => {
    for (const [into, code] of [
      ["copied (n)", "22P04"],
      ["none (n)", "42P01"],
    ] as const) {
      const state = { asked: 0, closed: false };
      await withPooled(table, (client) =>
        expect(copyRows(client, into, endless(state))).rejects.toMatchObject({ code }),
      );
      await expect.poll(() => state.asked === 0 || state.closed, PATIENTLY).toBe(true);
    }
  });
});

describe("an abort", () => {
  it("before the first row sends none, and the connection serves on", async ({ db, table }) => {
    const rows = [encodeRow("1", ["a", "b"], "\t0")];
    await withPooled(table, (client) =>
      expect(copyRows(client, INTO, chunked(rows), AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" }),
    );
    expect(await count(db)).toBe(0);
  });

  it("in the middle undoes what was sent, ends the source, and the connection serves on", async ({ db, table }) => {
    const abort = new AbortController();
    const state = { asked: 0, closed: false };
    await withPooled(table, async (client) => {
      const copying = expect(copyRows(client, INTO, endless(state), abort.signal)).rejects.toThrow("abort");
      await expect.poll(() => state.asked, PATIENTLY).toBeGreaterThan(100);
      abort.abort();
      await copying;
    });
    await expect.poll(() => state.closed, PATIENTLY).toBe(true);
    expect(await count(db)).toBe(0);
  });

  it("is what the transaction throws, while the server waits for rows that do not come", async ({ db, table }) => {
    const abort = new AbortController();
    const reason = new Error("interrupted");
    let waiting = false;
    const rows = async function* () {
      yield encodeRow("1", ["a", "b"], "\t0");
      waiting = true;
      // As a reader does that waits for a slow pipe, until the same signal ends it.
      await new Promise((_, reject) => abort.signal.addEventListener("abort", () => reject(reason)));
    };
    const work = inTransaction(table, { signal: abort.signal }, (client) =>
      copyRows(client, INTO, rows(), abort.signal),
    );
    const rejected = expect(work).rejects.toBe(reason);
    await expect.poll(() => waiting, PATIENTLY).toBe(true);
    abort.abort(reason);
    await rejected;
    await expect.poll(() => activity(db), PATIENTLY).toEqual([]);
    expect(await count(db)).toBe(0);
    expect(await copied(table, [["after", null]])).toEqual([["after", null]]);
  });

  it("ends the wait for a locked table, during which no rows are asked for", async ({ db, table }) => {
    await withClient({ connectionString: db.url }, async (other) => {
      await other.query("BEGIN; LOCK TABLE copied");
      const abort = new AbortController();
      const reason = new Error("interrupted");
      const state = { asked: 0, closed: false };
      const work = inTransaction(table, { signal: abort.signal }, (client) =>
        copyRows(client, INTO, endless(state), abort.signal),
      );
      const rejected = expect(work).rejects.toBe(reason);
      await expect.poll(() => activity(db), PATIENTLY).toEqual([{ state: "active", wait: "Lock" }]);
      // What the streams hold on their way, of 100 KB each.
      expect(state.asked).toBeLessThan(30);
      abort.abort(reason);
      await rejected;
      await expect.poll(() => state.closed, PATIENTLY).toBe(true);
      await other.query("COMMIT");
    });
    await expect.poll(() => activity(db), PATIENTLY).toEqual([]);
    expect(await count(db)).toBe(0);
  });
});

it("the end of the connection ends the copy, and the next one is a new connection", async ({ db, table }) => {
  const state = { asked: 0, closed: false };
  const work = inTransaction(table, {}, (client) => copyRows(client, INTO, endless(state)));
  const rejected = expect(work).rejects.toThrow(/terminat/);
  await expect.poll(() => state.asked, PATIENTLY).toBeGreaterThan(100);
  await db.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'vocabdb'",
  );
  await rejected;
  await expect.poll(() => state.closed, PATIENTLY).toBe(true);
  expect(await count(db)).toBe(0);
  expect(await copied(table, [["after", null]])).toEqual([["after", null]]);
});
