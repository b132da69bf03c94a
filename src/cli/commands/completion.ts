import * as z from "zod";
import { defineCommand, type Noun, parameter } from "../command.js";
import { SCRIPTS, SHELLS } from "../completion/scripts.js";

const print = defineCommand({
  name: "completion",
  summary: "the script that completes commands in bash, zsh or fish",
  details:
    "Completes commands, options, their values, files, and emails, languages and levels out of the database, where it\n" +
    "answers within a second and a half. No server is started for that, and nothing is ever said about it.\n" +
    "\n" +
    "bash: in ~/.bashrc\n" +
    "  source <(vocabdb completion bash)\n" +
    "zsh: once\n" +
    "  mkdir -p ~/.zfunc && vocabdb completion zsh > ~/.zfunc/_vocabdb\n" +
    "and in ~/.zshrc\n" +
    "  fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit\n" +
    "fish: once\n" +
    "  vocabdb completion fish > ~/.config/fish/completions/vocabdb.fish",
  args: {
    shell: parameter("<shell>", "bash, zsh or fish", z.enum(SHELLS, { error: `must be one of ${SHELLS.join(", ")}` })),
  },
  options: {},
  examples: [
    { command: "vocabdb completion bash", description: "The script for bash" },
    { command: "vocabdb completion zsh", description: "The script for zsh" },
    { command: "vocabdb completion fish", description: "The script for fish" },
  ],
  seeAlso: ["help"],
  // A broken configuration must not break a shell that starts.
  needs: "configInput",
  writes: null,
  result: () => import("../results/completion.js").then(({ scriptPrinted }) => scriptPrinted),
  run: async ({ shell }) => ({ shell, script: SCRIPTS[shell] }),
  text: ({ script }) => script,
});

export const completion: Noun = { name: "completion", commands: [print], defaultCommand: print };
