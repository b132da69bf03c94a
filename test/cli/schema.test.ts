/** `vocabdb schema`, and that every document in these tests is held to it. */
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/package-root.js";
import { vocabdb } from "../support/cli.js";
import { requireDocument } from "../support/documents.js";
import { builtCommand, type InProcessResult, runInProcess } from "../support/in-process.js";

const USER = {
  ...{ id: "019ab2c4-7d1e-7c3a-9f00-2b6c1d4e5f60", email: "ada@example.org", displayName: null },
  ...{ createdAt: "2026-11-25T12:00:00.000Z", updatedAt: "2026-11-25T12:00:00.000Z", deletedAt: null },
};

async function schema(name: string, ...options: readonly string[]): Promise<InProcessResult> {
  return runInProcess(await builtCommand(), ["schema", ...name.split(" "), ...options], { cwd: packageRoot, env: {} });
}

describe("vocabdb schema", () => {
  it("lists what there is, each with a schema that says what it is of, and is open to more", async () => {
    const { documents } = (await vocabdb(["schema", "--json"])).json();
    const names: string[] = documents.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["migrate deploy", "user create", "progress show", "schema", "error"]),
    );
    expect(names).not.toContain("db shell");
    for (const name of names) {
      const { exitCode, stdout } = await schema(name);
      expect(exitCode, name).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        $schema: "https://json-schema.org/draft/2020-12/schema",
        $id: expect.stringMatching(`^urn:vocabdb:\\d+\\.\\d+\\.\\d+:${name.replaceAll(" ", "-")}$`),
        title: expect.stringContaining(name),
        description: expect.stringMatching(/./),
      });
      expect(stdout).not.toContain('"additionalProperties": false');
    }
  });

  it("takes the command that a noun alone stands for by either name", async () => {
    const [short, long] = [await schema("migrate"), await schema("migrate deploy")];
    expect(JSON.parse(short.stdout).properties.applied).toMatchObject({ type: "array" });
    expect(long.stdout).toBe(short.stdout);
  });

  it.each([
    ["user creat", 'there is no document of "user creat" (did you mean user create?)'],
    ["session", 'there is no document of "session" (did you mean session list, session revoke, session prune?)'],
    ["toString", 'there is no document of "toString"'],
    ["user show more", 'there is no document of "user show more" (did you mean user show?)'],
    ["db shell", "`vocabdb db shell` prints no JSON document: psql prints what it is asked for"],
  ])("of %j is wrong usage", async (name, message) => {
    const { exitCode, stderr } = await schema(name, "--json");
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr).error.message).toBe(message);
  });
});

describe("a document", () => {
  const show = ["user", "show", USER.email, "--json"];
  const said = (document: unknown) => ({ exitCode: 0, stdout: JSON.stringify(document), stderr: "" });
  const failed = (stderr: string) => ({ exitCode: 4, stdout: "", stderr });

  it("that is as its schema says passes, as does the error of a failure", async () => {
    await requireDocument(show, said({ user: USER, progress: 1, sessions: 0 }));
    await requireDocument(show, failed('{"error":{"code":"USER_NOT_FOUND","message":"…","hint":null}}\n'));
  });

  it.each([
    ["lacks a field", said({ user: USER, progress: 1 }), "sessions"],
    [
      "has a field that nobody declared",
      said({ user: { ...USER, passwordHash: "x" }, progress: 1, sessions: 0 }),
      "passwordHash",
    ],
    [
      "has another type",
      said({ user: { ...USER, createdAt: "yesterday" }, progress: 1, sessions: 0 }),
      "user.createdAt",
    ],
    ["is not one document", { exitCode: 0, stdout: "{}\n{}", stderr: "" }, "expected object, received string"],
    ["is missing", { exitCode: 0, stdout: "", stderr: "" }, "expected object, received string"],
    [
      "is an error with a code that is not listed",
      failed('{"error":{"code":"OOPS","message":"…","hint":null}}'),
      "error.code",
    ],
    ["is an error for people", failed("error: no\n"), "expected object, received string"],
  ])("that %s fails the test that printed it", async (_, output, problem) => {
    await expect(requireDocument(show, output)).rejects.toThrow(problem);
  });
});
