import * as z from "zod";
import { findPrisma } from "../../../core/prisma-cli.js";
import { runStudio } from "../../../core/studio.js";
import { describeTarget } from "../../../db/target.js";
import { ExitCode } from "../../../errors/base.js";
import { defineCommand, parameter } from "../../command.js";
import { port } from "../../options.js";
import { jsonText } from "../../render/text.js";

/** Told once it can be used; the command goes on. */
interface Served {
  readonly url: string;
  readonly target: string;
}

export const studio = defineCommand({
  name: "studio",
  summary: "Prisma Studio on the database, in the browser",
  details:
    "Needs Prisma 7.10 or a newer 7.x, of the project in the current folder, beside vocabdb, or in PATH; nothing is\n" +
    "downloaded. It listens on 127.0.0.1 only and asks for no password: while it runs, whoever has an account on\n" +
    "this machine could use it. TLS is vocabdb's, with everything that the URL says of it. Ctrl-C ends it.",
  args: {},
  options: {
    port: port("51212, or a free one where that is taken"),
    open: parameter(
      "--no-open",
      "do not open the browser (it is opened at a terminal only)",
      z.boolean().default(true),
    ),
  },
  examples: [
    { command: "vocabdb db studio", description: "Look at the tables, and edit them" },
    {
      command: "vocabdb db studio --port 5555 --no-open",
      description: "On a machine that is reached through ssh -L 5555:127.0.0.1:5555",
    },
  ],
  exitCodes: { [ExitCode.unexpected]: "Prisma Studio could not be started, or was killed" },
  seeAlso: ["db shell", "db url"],
  needs: "connection",
  writes: "data",
  onMarked: () => "tell",
  precheck: (_, { cwd, env }) => void findPrisma(cwd, env),
  result: () => import("../../results/db.js").then(({ served }) => served),
  run: async (input, services): Promise<Served> => {
    const { connection, cwd, env, signal, stdin, stdout, json } = services;
    // What was wrong with the connection has been told by now. Studio makes its own.
    await connection.close();
    return runStudio(connection.target, {
      ...{ port: input.port, open: input.open && stdin.isTTY === true, cwd, env, signal },
      onReady: (url) => {
        const served: Served = { url, target: describeTarget(connection.target) };
        stdout.write(`${json ? jsonText(served, 2) : url}\n`);
      },
    });
  },
  text: () => "",
});
