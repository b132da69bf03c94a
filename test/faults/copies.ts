/** Databases on a server of the file's own, and a command on one of them, behind a proxy. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { onTestFinished } from "vitest";
import { run } from "../../src/cli/run.js";
import { deployMigrations } from "../../src/core/migrations.js";
import { type CliOptions, type CliResult, vocabdb } from "../support/cli.js";
import { type TestDatabase, withClient } from "../support/database.js";
import { runInProcess } from "../support/in-process.js";
import { type Watch, withProxy } from "../support/proxy.js";
import type { OwnServer } from "../support/server.js";
import type { WritingCommand } from "./commands.js";

/** Nothing is compiled twice, the second time for work that lasts, and little collected: a quarter of a short command. */
const ONE_SHOT = ["--liftoff-only", "--no-opt", "--single-threaded-gc", "--min-semi-space-size=16"];

/** Name of a database that nothing connects to. */
export type Prepared = string;

export interface CopyOptions {
  /** Where they lie, if not where the server has all others. */
  readonly tablespace?: string;
  /** More for the URL of a command that a fault strikes. */
  readonly parameters?: string;
}

export class Copies {
  readonly #server: OwnServer;
  /** Lost with the server, and connected to again. */
  readonly #admin: pg.Pool;
  #migrated: Promise<Prepared> | null = null;

  constructor(
    server: OwnServer,
    readonly options: CopyOptions = {},
  ) {
    const { host, port, user, password, database } = server.target;
    this.#server = server;
    this.#admin = new pg.Pool({ host, port, user, password: password?.reveal(), database, allowExitOnIdle: true });
    this.#admin.on("error", () => {});
  }

  async prepare({ begins, prepare }: WritingCommand): Promise<Prepared> {
    const name = `prepared_${randomBytes(6).toString("hex")}`;
    this.#migrated ??= this.#migrate();
    await this.#copy(begins === undefined ? await this.#migrated : "template0", name);
    await prepare?.(this.#database(name));
    return name;
  }

  async with<T>(prepared: Prepared, work: (db: TestDatabase) => Promise<T>): Promise<T> {
    const name = `copy_${randomBytes(6).toString("hex")}`;
    await this.#copy(prepared, name);
    try {
      return await work(this.#database(name));
    } finally {
      await this.#admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  }

  async #migrate(): Promise<Prepared> {
    const name = `migrated_${randomBytes(6).toString("hex")}`;
    await this.#copy("template0", name);
    await deployMigrations({ ...this.#server.target, database: name });
    return name;
  }

  async #copy(template: string, name: string): Promise<void> {
    const { tablespace = "pg_default" } = this.options;
    await this.#admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy TABLESPACE ${tablespace}`);
  }

  #database(database: string): TestDatabase {
    const { target, url } = this.#server;
    const { host, port, user, password } = target;
    const direct = { host, port, user, password: password?.reveal(), database };
    return {
      target: { ...target, database },
      url: `${url.slice(0, url.lastIndexOf("/"))}/${database}?sslmode=disable`,
      direct,
      query: (sql, values) => withClient(direct, async (client) => (await client.query(sql, values)).rows),
    };
  }
}

export interface Run {
  readonly result: Pick<CliResult, "exitCode" | "stdout" | "stderr">;
  /** Names and contents of the files beside the command. */
  readonly filesBefore: string;
  readonly files: () => string;
  readonly folder: string;
}

export interface RunOptions extends Pick<CopyOptions, "parameters"> {
  readonly flags?: readonly string[];
  /** Called with the process. Without it there is none: the command runs in this one. */
  readonly onStart?: CliOptions["onStart"];
}

/** Runs a command through a proxy that `watch` sees the messages of. */
export async function runAt(
  db: TestDatabase,
  command: WritingCommand,
  watch: Watch,
  { flags = [], parameters = "", onStart }: RunOptions = {},
): Promise<Run> {
  const { host = "", port = 0, database = "" } = db.direct;
  const folder = mkdtempSync(join(tmpdir(), "vocabdb-fault-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(command.files ?? {})) {
    writeFileSync(join(folder, name), content);
  }
  const files = (): string =>
    readdirSync(folder)
      .map((name) => `${name}: ${readFileSync(join(folder, name), "utf8")}`)
      .join("\n");
  const filesBefore = files();
  const argv = [...command.args(database), ...flags];
  const { input = "" } = command;
  const result = await withProxy({ host, port }, watch, (proxyPort): Promise<Run["result"]> => {
    const url = `${db.url.replace(`:${port}/`, `:${proxyPort}/`)}${parameters}`;
    return onStart === undefined
      ? runInProcess(run, argv, {
          cwd: folder,
          env: { HOME: folder, DATABASE_URL: url },
          input,
        })
      : vocabdb(argv, { url, cwd: folder, input, onStart, node: ONE_SHOT });
  });
  return { result, filesBefore, files, folder };
}
