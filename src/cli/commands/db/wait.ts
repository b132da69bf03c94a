import { waitUntilReady } from "../../../core/wait.js";
import { describeTarget } from "../../../db/target.js";
import { ExitCode } from "../../../errors/base.js";
import { defineCommand } from "../../command.js";
import { duration } from "../../options.js";

export const wait = defineCommand({
  name: "wait",
  summary: "wait until the database answers a query",
  details:
    "Tries again while that may help: the server is starting, refuses connections, its name is not known yet, the\n" +
    "database is still to be created. Ends at once with what waiting does not mend, such as a wrong password, which\n" +
    "is never sent a second time. When the time is over it exits with 7 and the last reason.",
  args: {},
  options: { timeout: duration("--timeout <duration>", "how long to wait at most", "30s") },
  examples: [
    { command: "vocabdb db wait", description: "In a container that starts beside its database" },
    { command: "vocabdb db wait --timeout 2m", description: "For a server that takes its time" },
  ],
  exitCodes: { [ExitCode.unreachable]: "the time is over, or waiting does not mend it" },
  seeAlso: ["db doctor", "db status", "migrate deploy"],
  needs: "target",
  writes: null,
  result: () => import("../../results/db.js").then(({ waited }) => waited),
  run: ({ timeout: timeoutMs }, { resolution: { target }, signal, notice }) =>
    waitUntilReady(target, {
      ...{ timeoutMs, signal },
      onReason: (reason) => notice(`waiting for ${describeTarget(target)}: ${reason}`),
    }),
  text: ({ waitedMs, attempts }, { ink }) =>
    `${ink.done("ready")} after ${(waitedMs / 1000).toFixed(1)} s${attempts === 1 ? "" : `, ${attempts} attempts`}`,
});
