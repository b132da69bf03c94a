import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { redacted, statementsIn, tokensIn } from "../../src/db/sql-tokens.js";
import { packageRoot } from "../../src/package-root.js";

/** The statements of a script, each from its first character to that of the next. */
function statements(script: string): string[] {
  const offsets = statementsIn(script).map(({ offset }) => offset);
  return offsets.map((offset, index) => script.slice(offset, offsets[index + 1]).trim());
}

describe("a script is taken apart at its semicolons", () => {
  it("and at nothing else", () => {
    expect(statements("SELECT 1; SELECT 2;\n\n  SELECT 3")).toEqual(["SELECT 1;", "SELECT 2;", "SELECT 3"]);
  });

  it.each(["", " \n\t", ";", " ; ;\n;", "-- nothing; at all", "/* nothing; */", "-- a\n/* b */ ; -- c"])(
    "where there is no statement, there is no offset: %j",
    (script) => {
      expect(statementsIn(script)).toEqual([]);
    },
  );

  it.each([
    ["a line comment", "SELECT 1 -- a; b\n + 1"],
    ["a block comment", "SELECT 1 /* a; b */ + 1"],
    ["nested block comments", "SELECT 1 /* a; /* b; */ c; /* d */ e; */ + 1"],
    ["a string", "SELECT 'a; b'"],
    ["a string with a quote in it", "SELECT 'it''s; a', 'b'';c'"],
    ["a string that ends in a backslash", "SELECT 'a\\'"],
    ["a string with escapes", "SELECT E'a\\'; b', e'\\\\', 'c'"],
    ["a string over several lines", "SELECT 'a;\nb;\n'"],
    ["a string that looks like a comment", "SELECT '--', '/* ', ';'"],
    ["a comment that looks like a string", "SELECT 1 -- it's\n + 1 /* isn't */"],
    ["a name in quotes", 'SELECT "a; b", "c""; d" FROM t'],
    ["a dollar quote", "SELECT $$a; 'b; \"c; -- d; /* e;$$"],
    ["a dollar quote with a tag", "SELECT $body$a; $$b;$$ $other$c;$body$"],
    ["a dollar quote with a tag in another script", "SELECT $größe$a; b$größe$"],
    ["a dollar in a name", "SELECT a$b, c$b FROM t$x$y"],
    ["a parameter", "SELECT $1, $2"],
    ["a word that ends in e before a string", "SELECT name'a\\'"],
    [
      "a function's body in SQL",
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
    ],
    ["a rule of several actions", "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b)"],
  ])("not within %s", (_, statement) => {
    expect(statements(`${statement};\nSELECT 2;`)).toEqual([`${statement};`, "SELECT 2;"]);
  });

  it("an unfinished string, comment or dollar quote swallows no offset before it", () => {
    for (const unfinished of ["'a", "E'a", '"a', "/* a", "$$ a", "/* /* a */"]) {
      expect(statements(`SELECT 1; SELECT ${unfinished}`)[0], unfinished).toBe("SELECT 1;");
    }
  });

  it("a string of a million characters is no obstacle", () => {
    const statement = `SELECT '${"x;''".repeat(250_000)}';`;
    expect(statementsIn(`${statement} SELECT 2;`).map(({ offset }) => offset)).toEqual([0, statement.length + 1]);
  });
});

it("offset and line are those of the statement's first character, comments before it left out", () => {
  const script = "-- first\n/* and; more */\n  SELECT 1;\n\n-- second\nSELECT 2;";
  expect(statementsIn(script)).toMatchObject([
    { offset: script.indexOf("SELECT 1"), line: 3 },
    { offset: script.indexOf("SELECT 2"), line: 6 },
  ]);
});

describe("the migrations that ship", () => {
  const folder = join(packageRoot, "prisma", "migrations");
  const migrations = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());

  it("are there", () => {
    expect(migrations.map(({ name }) => name)).toContain("20260101000000_init");
  });

  // They are written so that every statement begins a line, and nothing else does with such a word.
  const KEYWORD = /^(CREATE|ALTER|DROP|DO|COMMENT|INSERT|UPDATE|GRANT|REVOKE)\b/;

  it.each(migrations.map(({ name }) => name))("%s has an offset for each statement, at its keyword", (name) => {
    const script = readFileSync(join(folder, name, "migration.sql"), "utf8");
    const lines = script.split("\n").filter((line) => KEYWORD.test(line));
    const found = statementsIn(script).map(({ offset }) => script.slice(offset).split("\n")[0]);
    expect(lines.length).toBeGreaterThan(0);
    expect(found).toEqual(lines);
  });
});

it("tells words, names, literals and signs from each other", () => {
  const script = `SELECT "a b", U&"c", e'd\\'', B'1', 1.5e3, .5, $1, $x$f$x$, g::text -- h`;
  expect([...tokensIn(script)].map(({ kind, text }) => `${kind} ${text}`)).toEqual([
    ...["word SELECT", 'name "a b"', "sign ,", 'name U&"c"', "sign ,", "literal e'd\\''", "sign ,", "literal B'1'"],
    ...["sign ,", "literal 1.5e3", "sign ,", "literal .5", "sign ,", "sign $1", "sign ,", "literal $x$f$x$", "sign ,"],
    ...["word g", "sign ::", "word text"],
  ]);
});

describe("somebody's query is shown", () => {
  it.each([
    ["UPDATE users SET name = 'Ada',\n  age = 36 WHERE id = $1", "UPDATE users SET name = '…', age = … WHERE id = $1"],
    ["SELECT /* ada@example.org */ 1 -- secret", "SELECT …"],
    ["ALTER ROLE app PASSWORD E'se\\'cret'", "ALTER ROLE app PASSWORD '…'"],
    ["DO $$ BEGIN PERFORM 'secret'; END $$", "DO '…'"],
    ['SELECT t1.c2 FROM "T 3" t1', 'SELECT t1.c2 FROM "T 3" t1'],
    ["", ""],
  ])("without its literals and comments: %j", (query, shown) => {
    expect(redacted(query)).toBe(shown);
  });

  it.each(["'secret", "E'secret\\", "$a$secret $b$", "/* secret", "-- secret", "'it''s secret"])(
    "without a literal that the server has cut off: %s",
    (rest) => {
      expect(redacted(`SELECT ${rest}`)).not.toContain("secret");
    },
  );

  it("only as far as backslashes mean the same to everybody", () => {
    expect(redacted("SELECT 'a\\' , 'secret' FROM t")).toBe("SELECT '…' …");
    expect(redacted("SELECT 'a\\'secret' FROM t")).toBe("SELECT '…' …");
  });

  it("up to a length", () => {
    expect(redacted(`SELECT ${"a, ".repeat(10_000)}b`)).toHaveLength(202);
  });
});
