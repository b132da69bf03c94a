import { describe, expect } from "vitest";
import { listHistory } from "../../src/core/audit.js";
import { listProgress } from "../../src/core/progress-list.js";
import { listSessions } from "../../src/core/session-list.js";
import { listUsers } from "../../src/core/user-list.js";
import { listWords } from "../../src/core/word-list.js";
import type { Connection } from "../../src/db/pool.js";
import { it } from "../support/database.js";

const ID = "01920000-0000-7000-8000-000000000000";
const ADA = "ada@example.org";

type List = (connection: Connection, after: string) => Promise<unknown>;

const users: List = (connection, after) => listUsers(connection, { after });
const newestUsers: List = (connection, after) => listUsers(connection, { after, sort: "created" });
const words: List = (connection, after) => listWords(connection, { after });
const sessions: List = (connection, after) => listSessions(connection, { after, now: new Date() });
const history: List = (connection, after) => listHistory(connection, { after });
const progress: List = (connection, after) => listProgress(connection, ADA, { after, now: new Date() });

const cursorOf = (position: readonly unknown[]): string => Buffer.from(JSON.stringify(position)).toString("base64url");

describe("a cursor that no list has made", () => {
  it.for<[string, List, readonly unknown[]]>([
    ["NUL in an email", users, ["user list", ["a\0"]]],
    ["NUL in a word", words, ["word list", ["zh", "\0", "", ""]]],
    ["the year 0", newestUsers, ["user list", ["0000-01-01T00:00:00.000Z", ID]]],
    ["a time of many digits", history, ["history", [`2026-01-01T00:00:00.${"0".repeat(200)}Z`, ID]]],
    ["a time without a fraction", progress, ["progress list", ["2026-01-01T00:00:00Z", ID]]],
    ["no uuid", sessions, ["session list", ["1' OR ''='"]]],
    ["lists for texts", users, ["user list", [["a@b.de"]]]],
  ])("is wrong usage: %s", async ([, list, position], { connection, db }) => {
    await db.query("INSERT INTO users (email) VALUES ($1)", [ADA]);
    await expect(list(connection, cursorOf(position))).rejects.toMatchObject({ code: "USAGE", exitCode: 2 });
  });

  it("is taken literally where it is of the right form", async ({ connection }) => {
    const after = cursorOf(["user list", ["' OR true; DROP TABLE users; --"]]);
    expect(await listUsers(connection, { after })).toEqual({ users: [], nextCursor: null });
  });
});
