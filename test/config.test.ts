import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { type Config, type Environment, loadConfig, type UrlSetting } from "../src/config.js";
import { tlsWarnings } from "../src/db/tls.js";
import { parseDatabaseUrl } from "../src/db/url.js";
import { ConfigError } from "../src/errors/usage.js";
import { Secret } from "../src/secret.js";
import { temporaryFolder } from "./support/cli.js";

const URL_A = "postgresql://ada@a.example/one";
const URL_B = "postgresql://ada@b.example/two";
const URL_C = "postgresql://ada@c.example/three";

interface Given {
  readonly env?: Environment;
  /** Content of `.env`. */
  readonly file?: string;
  readonly databaseUrl?: string;
}

function load({ env = {}, file, databaseUrl }: Given): Config {
  const cwd = temporaryFolder();
  if (file !== undefined) {
    writeFileSync(join(cwd, ".env"), file);
  }
  return loadConfig({ env: { HOME: cwd, ...env }, cwd, databaseUrl });
}

function plain(setting: UrlSetting | null) {
  return setting === null ? null : { url: setting.url.reveal(), source: setting.source };
}

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems;
    }
    throw error;
  }
  return [];
}

describe("DATABASE_URL", () => {
  it("is taken from --database-url, then the environment, then .env", () => {
    const file = `DATABASE_URL=${URL_C}`;
    const env = { DATABASE_URL: URL_B };
    expect(plain(load({ env, file, databaseUrl: URL_A }).databaseUrl)).toEqual({
      ...{ url: URL_A, source: "--database-url" },
    });
    expect(plain(load({ env, file }).databaseUrl)).toEqual({ url: URL_B, source: "environment" });
    expect(plain(load({ file }).databaseUrl)).toEqual({ url: URL_C, source: "env file" });
  });

  it("is null where nothing sets it", () => {
    expect(load({}).databaseUrl).toBeNull();
    expect(load({ file: "OTHER=1" }).databaseUrl).toBeNull();
  });

  it("is freed of spaces around it", () => {
    expect(plain(load({ env: { DATABASE_URL: `  ${URL_A}\n` } }).databaseUrl)?.url).toBe(URL_A);
  });

  it.each(["", " ", "\n"])("set but empty (%j) is an error, not a reason to look further", (DATABASE_URL) => {
    const given = { env: { DATABASE_URL }, file: `DATABASE_URL=${URL_C}` };
    expect(problemsOf(() => load(given))).toEqual(["DATABASE_URL is set in the environment but empty"]);
  });

  it("given as an empty --database-url is an error", () => {
    expect(problemsOf(() => load({ env: { DATABASE_URL: URL_A }, databaseUrl: " " }))).toEqual([
      "--database-url is empty",
    ]);
  });
});

describe(".env", () => {
  it.each([
    ["unquoted", `DATABASE_URL=${URL_A}`],
    ["in double quotes", `DATABASE_URL="${URL_A}"`],
    ["in single quotes", `DATABASE_URL='${URL_A}'`],
    ["in backticks", `DATABASE_URL=\`${URL_A}\``],
    ["with spaces", `  DATABASE_URL = ${URL_A}  `],
    ["exported", `export DATABASE_URL=${URL_A}`],
    ["between comments", `# DATABASE_URL=${URL_B}\n\nDATABASE_URL=${URL_A} # mine\n# end`],
    ["among others", `A=1\nDATABASE_URL=${URL_A}\nB=2`],
    ["with Windows line ends", `A=1\r\nDATABASE_URL=${URL_A}\r\n`],
    ["with the line ends of old Macs", `A=1\rDATABASE_URL=${URL_A}\rDIRECT_URL=${URL_B}\r`],
    ["with a byte order mark", `\ufeffDATABASE_URL=${URL_A}`],
  ])("may have it %s", (_, file) => {
    expect(plain(load({ file }).databaseUrl)).toEqual({ url: URL_A, source: "env file" });
  });

  it("keeps # in quotes", () => {
    expect(load({ file: `DATABASE_URL="${URL_A}#x" # comment` }).databaseUrl?.url.reveal()).toBe(`${URL_A}#x`);
  });

  it("may be another file, relative to the working folder or absolute", () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, ".env"), `DATABASE_URL=${URL_A}`);
    writeFileSync(join(cwd, "prod.env"), `DATABASE_URL=${URL_B}`);
    for (const envFile of ["prod.env", join(cwd, "prod.env")]) {
      expect(plain(loadConfig({ env: {}, cwd, envFile }).databaseUrl)).toEqual({ url: URL_B, source: "env file" });
    }
  });

  it("may be missing, but not when --env-file names it", () => {
    const cwd = temporaryFolder();
    expect(loadConfig({ env: {}, cwd }).databaseUrl).toBeNull();
    expect(problemsOf(() => loadConfig({ env: {}, cwd, envFile: "prod.env" }))).toEqual([
      `cannot read ${join(cwd, "prod.env")}: no such file`,
    ]);
  });

  it("that is a folder is an error", () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, ".env"));
    expect(problemsOf(() => loadConfig({ env: {}, cwd }))).toEqual([`cannot read ${join(cwd, ".env")}: EISDIR`]);
  });
});

it("SHADOW_DATABASE_URL is taken from the environment, then from .env", () => {
  const env = { SHADOW_DATABASE_URL: URL_A };
  const file = `SHADOW_DATABASE_URL=${URL_B}`;
  expect(plain(load({ env, file }).shadowUrl)).toEqual({ url: URL_A, source: "environment" });
  expect(plain(load({ file }).shadowUrl)).toEqual({ url: URL_B, source: "env file" });
  expect(load({}).shadowUrl).toBeNull();
});

describe("DIRECT_URL", () => {
  it("is taken from where DATABASE_URL is", () => {
    const inEnvironment = load({ env: { DATABASE_URL: URL_A, DIRECT_URL: URL_B }, file: `DIRECT_URL=${URL_C}` });
    expect(plain(inEnvironment.directUrl)).toEqual({ url: URL_B, source: "environment" });
    const inFile = load({ file: `DATABASE_URL=${URL_A}\nDIRECT_URL=${URL_B}` });
    expect(plain(inFile.directUrl)).toEqual({ url: URL_B, source: "env file" });
    expect([...inEnvironment.warnings, ...inFile.warnings]).toEqual([]);
  });

  it.each<[string, Given]>([
    ["DATABASE_URL is in the environment", { env: { DATABASE_URL: URL_A }, file: `DIRECT_URL=${URL_B}` }],
    ["DATABASE_URL is in .env", { env: { DIRECT_URL: URL_B }, file: `DATABASE_URL=${URL_A}` }],
    ["--database-url is given", { env: { DATABASE_URL: URL_A, DIRECT_URL: URL_B }, databaseUrl: URL_C }],
    ["there is no DATABASE_URL", { env: { DIRECT_URL: URL_B } }],
  ])("from elsewhere is ignored with a warning when %s", (_, given) => {
    const { directUrl, warnings } = load(given);
    expect(directUrl).toBeNull();
    expect(warnings).toMatchObject([
      {
        ...{ id: "env.direct-url-ignored", level: "warning" },
        message: expect.stringMatching(/^DIRECT_URL \((environment|env file)\) is ignored because /),
      },
    ]);
  });

  it("set but empty is an error", () => {
    expect(problemsOf(() => load({ env: { DATABASE_URL: URL_A, DIRECT_URL: "" } }))).toEqual([
      "DIRECT_URL is set in the environment but empty",
    ]);
  });
});

describe("the folder of the embedded server", () => {
  const cwd = "/nowhere";
  const home = (env: Environment) => loadConfig({ env, cwd }).home;

  it("is VOCABDB_HOME, then below XDG_DATA_HOME, then below HOME", () => {
    const env = { VOCABDB_HOME: "/v", XDG_DATA_HOME: "/x", HOME: "/h" };
    expect(home(env)).toBe("/v");
    expect(home({ ...env, VOCABDB_HOME: undefined })).toBe("/x/vocabdb");
    expect(home({ HOME: "/h" })).toBe("/h/.local/share/vocabdb");
    expect(home({})).toBe(join(homedir(), ".local/share/vocabdb"));
  });

  it("ignores empty variables and a relative XDG_DATA_HOME", () => {
    expect(home({ VOCABDB_HOME: "", XDG_DATA_HOME: "", HOME: "/h" })).toBe("/h/.local/share/vocabdb");
    expect(home({ XDG_DATA_HOME: "x", HOME: "/h" })).toBe("/h/.local/share/vocabdb");
  });

  it("is absolute, whatever VOCABDB_HOME is relative to", () => {
    expect(home({ VOCABDB_HOME: "v" })).toBe(join(cwd, "v"));
  });

  it("is below the current folder for a user without a home, as in a container", () => {
    const own = process.geteuid?.() ?? expect.unreachable();
    vi.stubEnv("HOME", undefined);
    const expected = own === 0 ? cwd : homedir();
    // Only root can become somebody who has none.
    process.seteuid?.(own === 0 ? 54_321 : own);
    const found = home({});
    process.seteuid?.(own);
    expect(found).toBe(join(expected, ".local/share/vocabdb"));
  });
});

describe("VOCABDB_POOL_MAX", () => {
  it.each([
    ["1", 1],
    ["50", 50],
    ["1000", 1000],
    ["", null],
    [undefined, null],
  ])("%j means %j", (VOCABDB_POOL_MAX, expected) => {
    expect(load({ env: { VOCABDB_POOL_MAX } }).poolMax).toBe(expected);
  });

  it.each(["0", "-1", "1001", "2.5", "many", "5 connections", "NaN", "Infinity"])("%j is an error", (value) => {
    expect(problemsOf(() => load({ env: { VOCABDB_POOL_MAX: value } }))).toEqual([
      `VOCABDB_POOL_MAX must be a whole number from 1 to 1000, not ${JSON.stringify(value)}`,
    ]);
  });
});

it("all problems are reported at once, one on each line", () => {
  const env = { DATABASE_URL: "", DIRECT_URL: " ", VOCABDB_POOL_MAX: "x" };
  const cwd = temporaryFolder();
  const work = () => loadConfig({ env, cwd, envFile: "none.env" });
  expect(problemsOf(work)).toHaveLength(4);
  expect(work).toThrow(/none\.env[^\n]*\n[^\n]*DATABASE_URL[^\n]*\n[^\n]*DIRECT_URL[^\n]*\n[^\n]*POOL_MAX/);
});

describe("a password on the command line", () => {
  const warnings = (databaseUrl: string) => load({ databaseUrl }).warnings;

  it.each(["postgresql://ada:secret@h/d", "postgres://ada:s%40cret@h:5432/d?sslmode=require", "postgresql://:pw@h/d"])(
    "is warned about: %s",
    (databaseUrl) => {
      expect(warnings(databaseUrl)).toMatchObject([
        { id: "env.password-in-arguments", message: expect.stringContaining("list of processes") },
      ]);
      expect(JSON.stringify(warnings(databaseUrl))).not.toMatch(/secret|s%40cret|pw/);
    },
  );

  it.each(["postgresql://ada@h/d", "postgresql://ada@[::1]:5432/d", "postgresql://ada@h:5432/d?options=a:b@c"])(
    "is not imagined: %s",
    (databaseUrl) => {
      expect(warnings(databaseUrl)).toEqual([]);
    },
  );

  it("is no matter in the environment", () => {
    expect(load({ env: { DATABASE_URL: "postgresql://ada:secret@h/d" } }).warnings).toEqual([]);
  });
});

describe("a Config", () => {
  const env = {
    ...{ DATABASE_URL: "postgresql://ada:MARKER@h/d", DIRECT_URL: "postgresql://ada:MARKER@h/e" },
    PGPASSWORD: "MARKER",
  };

  it("holds the secrets", () => {
    const { databaseUrl, directUrl, password } = load({ env });
    for (const secret of [databaseUrl?.url, directUrl?.url, password]) {
      expect(secret?.reveal()).toContain("MARKER");
    }
  });

  it.each<[string, (config: Config) => string]>([
    ["JSON.stringify", (config) => JSON.stringify(config)],
    ["util.inspect", (config) => inspect(config, { depth: null, showHidden: true })],
    ["a template string", ({ databaseUrl, password }) => `${databaseUrl?.url} ${password}`],
  ])("prints none of them through %s", (_, print) => {
    const text = print(load({ env }));
    expect(text).toContain("••••");
    expect(text).not.toContain("MARKER");
  });

  it("is frozen", () => {
    expect(load({})).toSatisfy(Object.isFrozen);
  });

  it("has no password where PGPASSWORD is empty", () => {
    expect(load({ env: { PGPASSWORD: "" } }).password).toBeNull();
  });
});

it("an empty variable is no matter where --database-url says what is meant", () => {
  const config = loadConfig({ env: { DATABASE_URL: "" }, cwd: temporaryFolder(), databaseUrl: "postgresql://a@h/d" });
  expect(config.databaseUrl?.url.reveal()).toBe("postgresql://a@h/d");
});

it("an empty DATABASE_URL in the env file is a problem, not a way to another database", () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, ".env"), "DATABASE_URL=\n");
  expect(() => loadConfig({ env: {}, cwd })).toThrow("DATABASE_URL is set in the env file but empty");
});

it("a path in a command to type is quoted for a shell", () => {
  const cwd = join(temporaryFolder(), "it's $(here)");
  mkdirSync(join(cwd, ".env"), { recursive: true });
  const hint = `ls -ld '${join(cwd, ".env").replace("'", "'\\''")}'`;
  expect(() => loadConfig({ env: { HOME: cwd }, cwd })).toThrow(
    expect.objectContaining({ hint: expect.stringContaining(hint) }),
  );

  const passfile = join(cwd, "pgpass");
  writeFileSync(passfile, "", { mode: 0o644 });
  const url = new Secret(`postgresql://app@h/db?passfile=${encodeURIComponent(passfile)}`);
  const [warning] = parseDatabaseUrl("DATABASE_URL", url, { password: null, poolMax: null }).warnings;
  expect(warning?.fix).toBe(`chmod 600 '${passfile.replace("'", "'\\''")}'`);

  const clientKey = join(cwd, "client.key");
  writeFileSync(clientKey, "", { mode: 0o644 });
  const { target } = parseDatabaseUrl("DATABASE_URL", new Secret("postgresql://app@127.0.0.1/db"), {
    ...{ password: null, poolMax: null },
  });
  const [loose] = tlsWarnings([{ name: "DATABASE_URL", target: { ...target, tls: { ...target.tls, clientKey } } }]);
  expect(loose?.fix).toBe(`chmod 600 '${clientKey.replace("'", "'\\''")}'`);
});
