/** `vocabdb db doctor` loses its server in the middle: what it has not looked at is neither right nor mended. */
import { expect } from "vitest";
import { vocabdbHere as vocabdb } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { type Message, withLossyProxy } from "../support/proxy.js";

/** Loses the connection at each statement with that text. */
function doctorLosing({ url, direct }: TestDatabase, text: string, ...args: readonly string[]) {
  const { host = "", port = 0 } = direct;
  const isStatement = ({ type, body }: Message): boolean => type === "Q" && body.includes(text);
  return withLossyProxy({ host, port }, isStatement, (proxyPort) => {
    const lossy = new URL(url);
    lossy.port = String(proxyPort);
    lossy.searchParams.set("sslmode", "disable");
    const chosen = ["--only", "exposure.rls-off,data.deleted-user-session", "--json"];
    return vocabdb(["db", "doctor", ...chosen, ...args], { url: lossy.href });
  });
}

it("says so, and not that nothing is wrong", async ({ db }) => {
  await db.query("ALTER TABLE sessions DISABLE ROW LEVEL SECURITY");
  const { exitCode, json } = await doctorLosing(db, "SAVEPOINT attempt");
  const { failed, findings, passed } = json();
  expect({ exitCode, failed, passed }).toEqual({ exitCode: 7, failed: "connection", passed: [] });
  expect(findings).toEqual([expect.objectContaining({ id: "net.reset", level: "error" })]);
});

it("before it asks whether to mend: nothing is mended, and that is no bug", async ({ db }) => {
  await db.query("ALTER TABLE sessions DISABLE ROW LEVEL SECURITY");
  const { exitCode, stderr } = await doctorLosing(db, "database_mark", "--fix", "--yes");
  const { error } = JSON.parse(stderr.trim().split("\n").at(-1) ?? "");
  expect({ exitCode, code: error.code }).toEqual({ exitCode: 7, code: "CONNECTION_LOST" });
});
