import { type DatabaseStatus, databaseStatus } from "../../../core/database-status.js";
import { type EmbeddedStatus, embeddedStatus, NO_SERVER } from "../../../core/embedded.js";
import { ExitCode } from "../../../errors/base.js";
import { defineCommand } from "../../command.js";
import { databaseText, embeddedText } from "./text.js";

interface Status extends Omit<EmbeddedStatus, "state"> {
  /** Null where the embedded server is not the target. */
  readonly state: EmbeddedStatus["state"] | null;
  readonly database: DatabaseStatus | null;
}

export const status = defineCommand({
  name: "status",
  summary: "the database at a glance: version, latency, sizes, migrations, connections, mark",
  details:
    "Rows are as many as the statistics know of, so that this costs the same for every size of table. The embedded\n" +
    "server, where it is the target, is shown as it is and never started. Exits with 7 when the database cannot be\n" +
    "reached.",
  args: {},
  options: {},
  examples: [
    { command: "vocabdb db status", description: "What the database is, and how it fares" },
    { command: "vocabdb db status --json", description: "For a script" },
  ],
  exitCodes: { [ExitCode.unreachable]: "the database cannot be reached" },
  seeAlso: ["db doctor", "migrate status", "db mark"],
  needs: "nothing",
  writes: null,
  result: () => import("../../results/db.js").then(({ status }) => status),
  run: async (_, { config, resolve }): Promise<Status> => {
    const embedded = config.databaseUrl === null ? embeddedStatus(config.home) : null;
    if (embedded !== null && embedded.state !== "running") {
      return { ...embedded, database: null };
    }
    const { target } = await resolve();
    return { ...(embedded ?? { state: null, ...NO_SERVER }), database: await databaseStatus(target) };
  },
  text: ({ database, state, ...server }, view) => {
    const embedded = state === null ? null : { state, ...server };
    if (database !== null) {
      return databaseText(database, embedded, view);
    }
    return embedded === null ? "" : embeddedText(embedded, view);
  },
});
