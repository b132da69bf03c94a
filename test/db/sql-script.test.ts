import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { statementOffsets } from "../../src/db/sql-script.js";
import { packageRoot } from "../../src/package-root.js";

/** The statements of a script, each from its first character to that of the next. */
function statements(script: string): string[] {
  const offsets = statementOffsets(script);
  return offsets.map((offset, index) => script.slice(offset, offsets[index + 1]).trim());
}

describe("a script is taken apart at its semicolons", () => {
  it("and at nothing else", () => {
    expect(statements("SELECT 1; SELECT 2;\n\n  SELECT 3")).toEqual(["SELECT 1;", "SELECT 2;", "SELECT 3"]);
  });

  it.each(["", " \n\t", ";", " ; ;\n;", "-- nothing; at all", "/* nothing; */", "-- a\n/* b */ ; -- c"])(
    "where there is no statement, there is no offset: %j",
    (script) => {
      expect(statementOffsets(script)).toEqual([]);
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
    expect(statementOffsets(`${statement} SELECT 2;`)).toEqual([0, statement.length + 1]);
  });
});

it("an offset is that of the statement's first character, comments before it left out", () => {
  const script = "-- first\n/* and; more */\n  SELECT 1;\n\n-- second\nSELECT 2;";
  expect(statementOffsets(script)).toEqual([script.indexOf("SELECT 1"), script.indexOf("SELECT 2")]);
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
    const found = statementOffsets(script).map((offset) => script.slice(offset).split("\n")[0]);
    expect(lines.length).toBeGreaterThan(0);
    expect(found).toEqual(lines);
  });
});
