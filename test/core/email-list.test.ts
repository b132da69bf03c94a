/** Files with emails as people have them: lists, exports of other programs, and what is neither. */
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readEmails } from "../../src/core/email-list.js";
import { folderWith } from "../support/cli.js";

function emailsIn(content: string | Buffer): Promise<string[]> {
  const cwd = folderWith({ "team.csv": content });
  return readEmails("team.csv", { cwd, stdin: Readable.from([]) });
}

const BOTH = ["ada@example.org", "bob@example.org"];

describe("understands", () => {
  it.for<[string, string | Buffer]>([
    ["a list", "ada@example.org\nbob@example.org\n"],
    ["a list without a last line end, with blank lines and blanks", "\n  ada@example.org \r\n \r\n\r\nBOB@Example.org"],
    ["a list with a header", "E-Mail\nada@example.org\nbob@example.org"],
    ["emails that are named twice", "ada@example.org\nbob@example.org\nADA@example.org\n"],
    ["a column among others", 'Name,Email Address,Class\n"Lovelace, Ada",ada@example.org,1\nBob,bob@example.org,2\n'],
    ["semicolons", "email;name\nada@example.org;Ada\nbob@example.org;Bob\n"],
    ["tabs and rows of empty cells", "name\temail\nAda\tada@example.org\n\t\nBob\tbob@example.org\n"],
    ["line ends in quotes", 'name,email\n"A\nda",ada@example.org\nBob,"bob@example.org"\n'],
    ["a byte order mark", "\ufeffemail\nada@example.org\nbob@example.org\n"],
    ["a packed file", gzipSync("ada@example.org\nbob@example.org\n")],
  ])("%s", async ([, content]) => {
    expect(await emailsIn(content)).toEqual(BOTH);
  });

  it("standard input, in pieces", async () => {
    const stdin = Readable.from([Buffer.from("ada@exa"), Buffer.from("mple.org\nbob@example.org")]);
    expect(await readEmails("-", { cwd: "/", stdin })).toEqual(BOTH);
  });

  it("a hundred thousand", async () => {
    const emails = Array.from({ length: 100_000 }, (_, n) => `user${n}@example.org`);
    expect(await emailsIn(emails.join("\n"))).toEqual(emails);
  });
});

describe("refuses", () => {
  it("every line that is no email, with its place, and takes none of the others", async () => {
    const failure = await emailsIn('name,email\nAda,ada@example.org\nBob,bob\n"Cy\nX",=1+1\nDot\n').catch(
      (error) => error,
    );
    expect(failure).toMatchObject({ code: "ROWS_REJECTED", exitCode: 6, total: 3 });
    expect(failure.rejects).toMatchObject([
      { file: "team.csv", line: 3, column: 5, field: "email", reason: expect.stringContaining('"bob" is not a valid') },
      { line: 4, reason: expect.stringContaining('"=1+1"') },
      { line: 6, column: 1 },
    ]);
    expect(failure.hint).toBe("correct the lines named above, or leave them out");
  });

  it("quotes that do not end, with their place", async () => {
    const failure = await emailsIn('email\nada@example.org\n"bob@example.org\n').catch((error) => error);
    expect(failure.rejects).toMatchObject([{ line: 3, column: 1 }]);
  });

  it("more bad lines than anybody reads, of which it shows the first", async () => {
    const failure = await emailsIn("x\n".repeat(1_000)).catch((error) => error);
    expect(failure).toMatchObject({ total: 1_000, rejects: { length: 20 } });
  });

  it.for<[string, string | Buffer, string]>([
    ["nothing at all", "", "BAD_HEADER"],
    ["a header alone", "email,name\n", "BAD_HEADER"],
    ["several columns and none for emails", "name,mood\nAda,good\n", "BAD_HEADER"],
    ["Latin-1", Buffer.from("email\nm\xfcller@example.org\n", "latin1"), "FILE_UNUSABLE"],
    ["UTF-16", Buffer.from("ada@example.org\n", "utf16le"), "FILE_UNUSABLE"],
    ["a workbook", Buffer.from("PK\x03\x04 and so on"), "FILE_UNUSABLE"],
    ["what is far too long for a list", Buffer.alloc(65 * 2 ** 20, "a@b.org\n"), "FILE_UNUSABLE"],
  ])("%s", async ([, content, code]) => {
    await expect(emailsIn(content)).rejects.toMatchObject({ code });
  });

  it("a file that is not there", async () => {
    await expect(readEmails("none.csv", { cwd: "/", stdin: Readable.from([]) })).rejects.toThrow(
      /none\.csv: no such file/,
    );
  });
});
