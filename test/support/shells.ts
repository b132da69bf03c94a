/** Interactive shells at a terminal of their own, that read the completion script as their manuals say. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { SCRIPTS, type Shell } from "../../src/cli/completion/scripts.js";
import { EXECUTABLE, temporaryFolder } from "./cli.js";

const PROMPT = "READY> ";
const CTRL_A = "\u0001";
const TAB = "\t";
const BASH_COMPLETION = "/usr/share/bash-completion/bash_completion";

export type ShellSetUp = Shell | "bash with bash-completion" | "zsh that sources the script";

/** What each is started with, and the files in its home. */
const SET_UPS: Readonly<Record<ShellSetUp, { readonly command: string; readonly files: Record<string, string> }>> = {
  bash: {
    command: "bash --noprofile --rcfile ~/bashrc -i",
    files: { bashrc: bashrc("") },
  },
  "bash with bash-completion": {
    command: "bash --noprofile --rcfile ~/bashrc -i",
    files: { bashrc: bashrc(`source ${BASH_COMPLETION}\n`) },
  },
  zsh: {
    command: "zsh -d -i",
    files: {
      ".zshrc": `${zshrc("fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit -u")}`,
      ".zfunc/_vocabdb": SCRIPTS.zsh,
    },
  },
  "zsh that sources the script": {
    command: "zsh -d -i",
    files: { ".zshrc": zshrc("autoload -Uz compinit; compinit -u; source <(vocabdb completion zsh)") },
  },
  fish: {
    command: "fish -i",
    files: {
      ".config/fish/config.fish": [
        "set fish_greeting",
        `function fish_prompt; printf '${PROMPT}'; end`,
        "function words; printf '%s\\037' $argv >>$WORDS; printf '\\036' >>$WORDS; end",
      ].join("\n"),
      ".config/fish/completions/vocabdb.fish": SCRIPTS.fish,
    },
  },
};

function bashrc(before: string): string {
  return `${before}PS1='${PROMPT}'
words() { printf '%s\\037' "$@" >>"$WORDS"; printf '\\036' >>"$WORDS"; }
source <(vocabdb completion bash)`;
}

function zshrc(completion: string): string {
  return `bindkey -e; PROMPT='${PROMPT}'; LISTMAX=1000
words() { printf '%s\\037' "$@" >>"$WORDS"; printf '\\036' >>"$WORDS"; }
${completion}`;
}

interface Session {
  /** The words that the shell makes of each line once it is completed. */
  readonly words: readonly (readonly string[])[];
  /** Everything that the terminal was sent. */
  readonly screen: string;
  /** Where it ran. */
  readonly folder: string;
}

interface ShellOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Contents by name, in the folder where it runs. */
  readonly files?: Readonly<Record<string, string>>;
}

/** @throws where it is not there: a test of a shell that is left out looks like one that passes */
function requireShell(setUp: ShellSetUp): void {
  const [program = ""] = SET_UPS[setUp].command.split(" ");
  const isThere = spawnSync(program, ["-c", "true"]).status === 0;
  if (!isThere || (setUp === "bash with bash-completion" && !existsSync(BASH_COMPLETION))) {
    throw new Error(`${setUp}: ${isThere ? "bash-completion" : program} is not installed (.ci/install-packages)`);
  }
}

/** @param lines each is typed, followed by a tab */
export async function completedBy(
  setUp: ShellSetUp,
  lines: readonly string[],
  { env = {}, files = {} }: ShellOptions = {},
): Promise<Session> {
  requireShell(setUp);
  const home = temporaryFolder();
  const folder = join(home, "work");
  const { command, files: ofShell } = SET_UPS[setUp];
  mkdirSync(join(home, "bin"));
  symlinkSync(EXECUTABLE, join(home, "bin", "vocabdb"));
  write(home, ofShell);
  mkdirSync(folder);
  write(folder, files);
  const results = join(home, "words");
  const child = spawn("script", ["-qec", `stty cols 200 rows 50 && exec ${command}`, "/dev/null"], {
    cwd: folder,
    env: {
      ...{ HOME: home, ZDOTDIR: home, TERM: "xterm-256color", SHELL: "/bin/sh", LANG: "C.UTF-8", WORDS: results },
      HISTFILE: "/dev/null",
      PATH: `${join(home, "bin")}:${dirname(process.execPath)}:${process.env.PATH}`,
      ...env,
    },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = collect(child);
  const seen = (): string[] => (existsSync(results) ? readFileSync(results, "utf8").split("\u001e").slice(0, -1) : []);
  await expect.poll(() => said.screen, { timeout: 30_000 }).toContain(PROMPT);
  for (const [index, line] of lines.entries()) {
    // What is run in the end is not the command but what shows the words of it.
    child.stdin?.write(`${line}${TAB}${CTRL_A}words ${"\r"}`);
    await expect.poll(() => seen().length, { timeout: 30_000 }).toBe(index + 1);
  }
  const ended = once(child, "close");
  child.stdin?.write("exit\r");
  await ended;
  const words = seen().map((record) => record.split("\u001f").slice(1, -1));
  return { words, screen: said.screen, folder };
}

function collect(child: ChildProcess): { screen: string } {
  const said = { screen: "" };
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    said.screen += chunk;
  });
  return said;
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}
