/** What is offered for the last word of a command line; how shells ask and show it: completion.system.ts. */
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it as itWithout, onTestFinished } from "vitest";
import { SCRIPTS, SHELLS } from "../../src/cli/completion/scripts.js";
import { asTyped, readShellLine } from "../../src/cli/completion/shell-line.js";
import type { Completes } from "../../src/cli/described.js";
import { registry } from "../../src/cli/registry.js";
import { suggest } from "../../src/core/suggestions.js";
import { type CliOptions, folderWith, vocabdb, vocabdbHere } from "../support/cli.js";
import { it, type TestDatabase } from "../support/database.js";
import { addPeople } from "../support/people.js";

/** @param words the last one is being typed */
async function offered(words: readonly string[], options: CliOptions = {}): Promise<string[]> {
  const { exitCode, stdout, stderr } = await vocabdbHere(["__complete", "fish", ...words], options);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const [kind = "", ...lines] = stdout.trimEnd().split("\n");
  return kind === "words" ? lines.map((line) => line.split("\t")[0] ?? "") : [kind, ...lines];
}

const GLOBALS = [
  "--database-url",
  "--env-file",
  "--json",
  "--quiet",
  "--verbose",
  "--no-color",
  "--no-pager",
  "--yes",
  "--help",
];

describe("without a database", () => {
  itWithout.each<[typed: string, offers: readonly string[]]>([
    ["", Object.keys(registry)],
    ["se", ["seed", "session"]],
    ["--ver", ["--verbose", "--version"]],
    ["nonsense ", GLOBALS],
    ["help mi", ["migrate"]],
    ["help exit", ["exit-codes"]],
    ["help user im", ["import"]],
    ["completion ", SHELLS],
    ["user re", ["restore"]],
    ["--json user --quiet re", ["restore"]],
    ["--env-file x user re", ["restore"]],
    // The noun alone stands for a command.
    ["migrate st", ["status"]],
    ["migrate --st", ["--strict"]],
    ["migrate status --st", []],
    ["migrate status --ch", ["--check"]],
    ["migrate status ", ["--check", ...GLOBALS]],
    // Those that are given are not offered again, unless they may be.
    ["user list --deleted --de", []],
    ["session prune --confirm a --conf", ["--confirm"]],
    ["seed --file a --file b --fi", ["--file"]],
    ["user delete -n --dry", []],
    // Values.
    ["user list --sort ", ["email", "created"]],
    ["user list --sort=e", ["--sort=email"]],
    ["user list --sort --dele", []],
    ["progress show a@b.org --by le", ["level"]],
    ["seed -fa.csv --on-dup", ["--on-duplicate"]],
    ["seed -nf ", ["files"]],
    ["seed -f a b", ["files"]],
    ["seed -f a --on-conflict ", ["update", "keep"]],
    ["seed --file=a", ["files"]],
    ["migrate create x --dir ", ["folders"]],
    ["user list --limit ", []],
    ["user list --fields email,id,e", ["beginnings"]],
    ["user list --fields email,n", ["beginnings", "email,name"]],
    ["db doctor --skip tls,net.re", ["beginnings", "tls,net.refused", "tls,net.reset"]],
    ["migrate resolve --applied 20260101", ["20260101000000_init"]],
    // After --, nothing is an option.
    ["db shell -- --h", []],
    ["completion -- z", ["zsh"]],
    // What has to be typed by hand, or is not there yet.
    ["db destroy --confirm ", []],
    ["user create ada", []],
  ])("%s", async (typed, offers) => {
    expect((await offered(typed.split(" "))).sort()).toEqual([...offers].sort());
  });
});

describe("from the database", () => {
  /** A machine that is busy with other tests may miss the second and a half. */
  const PATIENT = { timeout: 30_000 };
  const fill = (db: TestDatabase): Promise<void> =>
    addPeople(
      db,
      { email: "ada@example.org", displayName: "Ada", words: 1 },
      { email: "adele@example.org" },
      { email: "gone@example.org", deletedAt: "2026-10-01Z" },
    );

  it("emails as the command needs them, languages and levels", async ({ db }) => {
    await fill(db);
    await db.query("UPDATE vocabulary_words SET level = 'A 1'");
    const ask = (typed: string) => offered(typed.split(" "), { url: db.url });
    await expect.poll(() => ask("user show "), PATIENT).toEqual(["ada@example.org", "adele@example.org"]);
    await expect.poll(() => ask("user update Ada"), PATIENT).toEqual(["ada@example.org"]);
    await expect
      .poll(() => ask("user show --deleted "), PATIENT)
      .toEqual(["ada@example.org", "adele@example.org", "gone@example.org"]);
    await expect.poll(() => ask("user restore "), PATIENT).toEqual(["gone@example.org"]);
    await expect.poll(() => ask("user purge g"), PATIENT).toEqual(["gone@example.org"]);
    await expect.poll(() => ask("history --subject=go"), PATIENT).toEqual(["--subject=gone@example.org"]);
    await expect.poll(() => ask("word list --language "), PATIENT).toEqual(["de"]);
    await expect.poll(() => ask("word list --language de --level "), PATIENT).toEqual(["A 1"]);
    await expect.poll(() => ask("word list --language zh --level "), PATIENT).toEqual([]);
  });

  it("that the command line and the folder name, and no other", async ({ db }) => {
    await fill(db);
    const other = "postgresql://nobody@127.0.0.1:1/none";
    const cwd = folderWith({ ".env": `DATABASE_URL="${db.url}"`, "other.env": `DATABASE_URL="${other}"` });
    const ada = ["ada@example.org"];
    await expect.poll(() => offered(["user", "show", "ada"], { cwd }), PATIENT).toEqual(ada);
    expect(await offered(["--env-file", "other.env", "user", "show", "ada"], { cwd })).toEqual([]);
    expect(await offered(["user", "show", "--env-file=.env", "ada"], { cwd, url: "" })).toEqual([]);
    await expect
      .poll(() => offered(["user", "show", "--database-url", db.url, "ada"], { url: other }), PATIENT)
      .toEqual(ada);
    // As it is typed: the shell has not put the value in yet.
    const env = { VOCABDB_STAGING: db.url };
    const staging = ["user", "show", "--database-url", "$VOCABDB_STAGING", "ada"];
    await expect.poll(() => offered(staging, { url: other, env }), PATIENT).toEqual(ada);
    expect(await offered(["user", "show", "--database-url", "$VOCABDB_NONE", "ada"], { url: db.url, env })).toEqual([]);
  });

  it("of another making: without the tables, or with what could not be typed", async ({ db, emptyDb }) => {
    expect(await offered(["user", "show", ""], { url: emptyDb.url })).toContain("--deleted");
    await db.query("ALTER TABLE users DROP CONSTRAINT users_email_shape");
    await addPeople(db, { email: "red\u001b[31m@x.org" }, { email: "two\nlines@x.org" }, { email: "-rf@x.org" });
    await addPeople(db, { email: "ok@x.org", displayName: "\u001b[31mred\u200b" });
    const told = async () => (await vocabdbHere(["__complete", "fish", "user", "show", ""], { url: db.url })).stdout;
    await expect.poll(told, PATIENT).toBe("words\nok@x.org\t\\u{1b}[31mred\\u{200b}\n");
  });

  it("waits for an answer no longer than a second and a half", async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as { readonly port: number };
    const begin = performance.now();
    const url = `postgresql://ada@127.0.0.1:${port}/none?sslmode=disable`;
    const wanted = { what: "liveEmails", prefix: "a" } as const;
    expect(await suggest({ env: { DATABASE_URL: url }, cwd: "/" }, wanted)).toEqual([]);
    // The URL itself would let it wait for ten.
    expect(performance.now() - begin).toBeLessThan(5_000);
  });
});

describe("for bash", () => {
  const BREAKS = " \t\n\"'@><=;|&(:";

  itWithout.each<[line: string, before: readonly string[], value: string, put: string | null]>([
    ["vocabdb user show ad", ["user", "show"], "ada@x.org", "ada@x.org"],
    ["vocabdb user show ada@x", ["user", "show"], "ada@x.org", "@x.org"],
    ["vocabdb user show o\\'b", ["user", "show"], "o'brien@x.org", "o\\'brien@x.org"],
    ["vocabdb user show 'a", ["user", "show"], "a&b@x.org", "a&b@x.org"],
    ["vocabdb user show 'o", ["user", "show"], "o'brien@x.org", null],
    ['vocabdb user show "a', ["user", "show"], "a$b@x.org", null],
    ["vocabdb  user --reason 'two words' --user=a", ["user", "--reason", "two words"], "--user=a$b", "a\\$b"],
    ['vocabdb word list --level "A\\"', ["word", "list", "--level"], 'A" 1', null],
    ["vocabdb word list --level ", ["word", "list", "--level"], "A 1", "A\\ 1"],
  ])("%s", (line, before, value, put) => {
    const read = readShellLine(line, BREAKS);
    expect(read.before.slice(1)).toEqual(before);
    expect(asTyped(value, read.word)).toBe(put);
  });
});

itWithout("completion prints the script alone, whatever the configuration is", async () => {
  const { exitCode, stdout, stderr } = await vocabdb(["completion", "fish"], { url: "nonsense" });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toBe(`${SCRIPTS.fish}\n`);
});

itWithout("every parameter for a path, an email or a language says what it is completed with", async () => {
  const expected: readonly (readonly [RegExp, readonly Completes[]])[] = [
    [/[<[]path/, ["file"]],
    [/[<[]folder/, ["folder"]],
    [/[<[]email/, ["email", "deletedEmail", "anyEmail"]],
    [/--language/, ["language"]],
  ];
  const nouns = await Promise.all(Object.values(registry).map(({ load }) => load()));
  const parameters = nouns.flatMap(({ name, commands }) =>
    commands
      .filter((command) => `${name} ${command.name}` !== "user create")
      .flatMap(({ args, options }) => Object.values({ ...args, ...options })),
  );
  for (const { flags, completes } of parameters) {
    const [, allowed] = expected.find(([pattern]) => pattern.test(flags)) ?? [];
    if (allowed !== undefined) {
      expect(allowed, flags).toContain(completes);
    }
  }
  expect(parameters.length).toBeGreaterThan(100);
});
