/** Who the embedded server runs as, and how its programs are run as that account. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { EmbeddedUnsupportedError } from "../../errors/embedded.js";

/** null: the current user. PostgreSQL refuses root, so root runs it as an unprivileged account. */
export type Account = { readonly uid: number; readonly gid: number } | null;

const UNPRIVILEGED_USER = "nobody";

export function serverAccount(): Account {
  if (process.getuid?.() !== 0) {
    return null;
  }
  const entry = readPasswd().find((fields) => fields[0] === UNPRIVILEGED_USER);
  const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
  if (entry === undefined || !Number.isInteger(uid) || !Number.isInteger(gid)) {
    throw new EmbeddedUnsupportedError(
      `${process.platform}-${process.arch}`,
      `PostgreSQL does not run as root, and there is no user "${UNPRIVILEGED_USER}" to run it as`,
    );
  }
  return { uid, gid };
}

function readPasswd(): string[][] {
  try {
    return readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .map((line) => line.split(":"));
  } catch {
    return [];
  }
}

export interface ProgramResult {
  /** null when a signal ended the program or it could not be started. */
  readonly exitCode: number | null;
  /** Both output streams together, or why the program could not be started. */
  readonly output: string;
}

export interface RunOptions {
  readonly input?: string;
  /** For programs that leave a server behind: it would hold our pipes open. */
  readonly discardOutput?: boolean;
}

/** Runs a program to its end. Never throws: a program that is missing or not executable is a result. */
export function runAs(
  account: Account,
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const output = options.discardOutput ? "ignore" : "pipe";
    let text = "";
    let child: ReturnType<typeof spawn>;
    try {
      child = spawn(program, args, {
        // A folder everybody can be in: the current one may be closed to the account.
        cwd: "/",
        // Messages that can be recognised, and no PG* variable that changes what the programs do.
        env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
        stdio: [options.input === undefined ? "ignore" : "pipe", output, output],
        // In a process group of its own, so that Ctrl-C at the terminal does not reach the server.
        detached: true,
        ...(account ?? {}),
      });
    } catch (error) {
      resolve({ exitCode: null, output: String(error) });
      return;
    }
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    child.once("error", (error) => resolve({ exitCode: null, output: error.message }));
    child.once("close", (exitCode) => resolve({ exitCode, output: text.trim() }));
    child.stdin?.on("error", () => {
      // The program ended without reading; its exit code tells why.
    });
    child.stdin?.end(options.input);
  });
}

/** Whether the account can enter a folder, whatever the rights of the folders above it. */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  if (account === null) {
    return true;
  }
  const { exitCode } = await runAs(account, "/bin/sh", ["-c", 'cd "$1"', "sh", folder]);
  return exitCode === 0;
}
