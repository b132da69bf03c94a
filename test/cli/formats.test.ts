/** One result, printed as JSON, as lines of JSON, as CSV, or in some of its fields. */
import { parse } from "csv-parse/sync";
import { describe, expect, it as test } from "vitest";
import { takeFields } from "../../src/cli/json-fields.js";
import { registry } from "../../src/cli/registry.js";
import { csv } from "../../src/cli/render/rows.js";
import { type CliResult, vocabdbHere } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { addPeople } from "../support/people.js";

describe("CSV", () => {
  const time = new Date("2026-11-22T12:00:00Z");
  const row = { term: 'a "b",\nc', lastUsedAt: time, level: null, subjects: ["a@b.org", "c@d.org"], changes: { n: 1 } };
  const fields = ["term", "lastUsedAt", "level", "subjects", "changes"];

  test("has a header, quotes where they are needed, and times in ISO 8601", () => {
    expect(csv([row], { fields, headers: { level: "grade" } }, { escapeFormulas: false })).toBe(
      "term,last_used_at,grade,subjects,changes\n" +
        '"a ""b"",\nc",2026-11-22T12:00:00.000Z,,a@b.org c@d.org,"{""n"":1}"\n',
    );
    expect(csv([], { fields: ["id", "words"] }, { escapeFormulas: false })).toBe("id,words\n");
  });

  test("escapes texts that a spreadsheet would compute when asked to, and no numbers", () => {
    const hostile = { term: "=1+1", level: -1 };
    const listing = { fields: ["term", "level"] };
    expect(csv([hostile], listing, { escapeFormulas: true })).toBe("term,level\n'=1+1,-1\n");
    expect(csv([hostile], listing, { escapeFormulas: false })).toBe("term,level\n=1+1,-1\n");
  });
});

test.for<[string, string[], string[] | null]>([
  ["--json user list", ["--json", "user", "list"], null],
  ["user list --json=email,id", ["user", "list", "--json"], ["email", "id"]],
  ["--json=email user list --json=id", ["--json", "user", "list", "--json"], ["email", "id"]],
  ["user create a@b.org --name --json=x", ["user", "create", "a@b.org", "--name", "--json=x"], null],
  ["word search -- --json=x", ["word", "search", "--", "--json=x"], null],
])("fields are those that follow --json and =: %s", ([line, argv, fields]) => {
  const options = [
    { flags: "--name <name>", description: "" },
    { flags: "-q, --quiet", description: "" },
  ];
  expect(takeFields(line.split(" "), options)).toEqual({ argv, fields });
});

test("what lists takes the options that say how", async () => {
  const nouns = await Promise.all(Object.values(registry).map((entry) => entry.load()));
  const lists = nouns.flatMap(({ commands }) => commands).filter(({ isList }) => isList);
  expect(lists.length).toBeGreaterThan(6);
  for (const { options } of lists) {
    expect(Object.keys(options)).toEqual(expect.arrayContaining(["format", "escapeFormulas"]));
  }
});

const ADA = "ada@example.org";

async function fill(db: TestDatabase): Promise<void> {
  await addPeople(
    db,
    { email: ADA, displayName: '=Ada, "the first"\n\u001b[2J', words: 3, sessions: 2 },
    { email: "bob@example.org", words: 1 },
  );
  await vocabdbHere(["user", "update", ADA, "--name", "=Ada, the first", "--reason", "test"], { url: db.url });
}

const run = (db: TestDatabase, line: string): Promise<CliResult> => vocabdbHere(line.split(" "), { url: db.url });

it.for([
  ["user list --all", "users"],
  ["user list --fields created,email", "users"],
  ["session list", "sessions"],
  ["word list", "words"],
  ["word search wort", "words"],
  ["word stats --by level", "by"],
  [`progress list ${ADA}`, "progress"],
  ["progress report", "users"],
  ["progress report --by level", "levels"],
  ["progress report --by week", "weeks"],
  ["history", "entries"],
] as const)("the rows are the same in every format: %s", async ([line, key], { db }) => {
  await fill(db);
  const rows: Record<string, unknown>[] = (await run(db, `${line} --json`)).json()[key];
  expect(rows.length).toBeGreaterThan(0);
  expect((await run(db, `${line} --format json`)).json()[key]).toEqual(rows);

  const lines = (await run(db, `${line} --format ndjson`)).stdout.trimEnd().split("\n");
  expect(lines.map((each) => JSON.parse(each))).toEqual(rows);

  const { stdout } = await run(db, `${line} --format csv`);
  const [header = [], ...cells]: string[][] = parse(stdout);
  const fields = header.map((name) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
  expect(cells).toEqual(rows.map((row) => fields.map((field) => cellOf(row[field in row ? field : "key"]))));
  expect(header).toHaveLength(Object.keys(rows[0] ?? {}).filter((name) => name !== "weeklyWords").length);

  const [field = ""] = Object.keys(rows[0] ?? {}).slice(-1);
  const some = (await run(db, `${line} --json=${field}`)).json();
  expect(some[key]).toEqual(rows.map((row) => ({ [field]: row[field] })));
});

function cellOf(value: unknown): string {
  return Array.isArray(value)
    ? value.join(" ")
    : value !== null && typeof value === "object"
      ? JSON.stringify(value)
      : String(value ?? "");
}

it("there is more than the rows tell: it is said on standard error, and where it is JSON, in it", async ({ db }) => {
  await fill(db);
  const { nextCursor } = (await run(db, "user list --limit 1 --json=id")).json();
  expect(nextCursor).toEqual(expect.any(String));
  for (const format of ["ndjson", "csv"]) {
    const some = await run(db, `user list --limit 1 --format ${format}`);
    expect(some).toMatchObject({ exitCode: 0, stderr: `more: --after ${nextCursor}\n` });
    expect((await run(db, `user list --limit 1 --format ${format} --quiet`)).stderr).toBe("");
  }
  const table = await run(db, "user list --limit 1 --format table");
  expect(table).toMatchObject({ stderr: "", stdout: expect.stringContaining(`\nmore: --after ${nextCursor}\n`) });
  expect((await run(db, "word search wort --limit 1 --format csv")).stderr).toMatch(/^there are more/);
});

it("no rows are no lines, and in CSV the header", async ({ db }) => {
  expect((await run(db, "word list --format ndjson")).stdout).toBe("");
  expect((await run(db, "word stats --format csv --by level")).stdout).toBe("level,words\n");
});

it.for([
  ["user list --format ndjson --after nonsense", "USAGE"],
  ["session list --format=json nobody@example.org", "USER_NOT_FOUND"],
  ["user list --format ndjson --bogus", "USAGE"],
  ["user list --format csv --json=email", "USAGE"],
] as const)("an error is as that of --json: %s", async ([line, code], { db }) => {
  const { stdout, stderr } = await run(db, line);
  expect(stdout).toBe("");
  expect(JSON.parse(stderr).error.code).toBe(code);
  expect(stderr.split("\n")).toHaveLength(2);
});

it.for([
  ["user list --format csv --after nonsense", /^error: /],
  ["user list --format xml", /^error: --format <format>: must be one of table, json, ndjson, csv/],
  ["word export --format ndjson --bogus", /^error: unknown option/],
  ["user list --escape-formulas", /^error: --escape-formulas is for CSV: --format csv/],
  ["progress report --output x.ndjson --format ndjson", /--output is for CSV|give one/],
] as const)("2, for a person: %s", async ([line, message], { db }) => {
  const { exitCode, stdout, stderr } = await run(db, line);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toMatch(message);
});

it("a field that there is not is refused before anything is done, with the one that was meant", async ({ db }) => {
  const list = JSON.parse((await run(db, "user list --json=emial")).stderr).error;
  expect(list).toEqual({
    code: "USAGE",
    message: '--json: there is no field "emial", but email, displayName, id, createdAt, updatedAt, deletedAt',
    hint: "did you mean --json=email?",
  });
  for (const [fields, hint] of [
    ["changed,usr", "did you mean --json=user?"],
    ["user.emial", "did you mean --json=user.email?"],
    ["changed.of", "vocabdb help user create"],
  ]) {
    const create = await run(db, `user create ada@example.org --json=${fields}`);
    expect(create).toMatchObject({ exitCode: 2, stdout: "" });
    expect(JSON.parse(create.stderr).error).toMatchObject({ message: expect.stringContaining("no field"), hint });
  }
  expect(await db.query("SELECT FROM users")).toHaveLength(0);
});

it("a command that writes prints fields of its document, too", async ({ db }) => {
  const { exitCode, stdout } = await run(db, "user create ada@example.org --json=changed,user.email");
  expect({ exitCode, document: JSON.parse(stdout) }).toEqual({
    exitCode: 0,
    document: { changed: true, user: { email: "ada@example.org" } },
  });
});

it("of a document, fields are its own, and those of its parts behind a dot", async ({ db }) => {
  await fill(db);
  const { stdout } = await run(db, `user show ${ADA} --json=sessions,user.email`);
  expect(stdout).toBe(`{\n  "sessions": 2,\n  "user": {\n    "email": "${ADA}"\n  }\n}\n`);
});
