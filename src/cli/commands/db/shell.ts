import * as z from "zod";
import { psqlTarget, refuseElsewhere, requirePsql, runPsql } from "../../../core/psql.js";
import { ExitCode } from "../../../errors/base.js";
import { UsageError } from "../../../errors/usage.js";
import { defineCommand, parameter } from "../../command.js";

export const shell = defineCommand({
  name: "shell",
  summary: "psql on the database",
  details:
    "The password is handed over in psql's environment, never in its arguments; variables such as PGHOST or\n" +
    "PGSERVICE that would lead psql elsewhere are taken out of it. What stands after -- is psql's. Ctrl-C is psql's,\n" +
    "too, and the exit code is the one that psql ends with.",
  args: { args: parameter("[args...]", "for psql, after --", z.array(z.string()).default([])) },
  options: {},
  examples: [
    { command: "vocabdb db shell", description: "Look around" },
    { command: "vocabdb db shell -- -c 'SELECT count(*) FROM users'", description: "One statement" },
    {
      command: "vocabdb db shell -- -v ON_ERROR_STOP=1 -1 -f repair.sql",
      description: "A script, whole or not at all",
    },
  ],
  exitCodes: {
    [ExitCode.ok]: "psql ended well",
    [ExitCode.unexpected]: "psql failed, such as with a statement of -c",
    [ExitCode.findings]: "psql: a script failed, with ON_ERROR_STOP",
  },
  seeAlso: ["db studio", "db url", "db mark"],
  needs: "connection",
  writes: "data",
  onMarked: () => "tell",
  precheck: ({ args }, { json, env }) => {
    if (json) {
      throw new UsageError("psql knows no --json", "vocabdb db shell -- --csv -c 'SELECT …'");
    }
    refuseElsewhere(args);
    requirePsql(env);
  },
  result: "psql prints what it is asked for",
  run: async ({ args }, { connection, env, signal, notice, lendTerminal }) => {
    const target = await psqlTarget(connection, notice);
    // What was wrong with the connection has been told by now. psql makes its own.
    await connection.close();
    return { exitCode: await lendTerminal(() => runPsql(target, { args, env, signal })) };
  },
  text: () => "",
  exitCode: ({ exitCode }) => exitCode,
});
