import * as z from "zod";
import { importUsers } from "../../../core/import.js";
import { differences } from "../../../core/load/run.js";
import { USERS } from "../../../core/load/user-shape.js";
import { ExitCode } from "../../../errors/base.js";
import { defineCommand, inGroup, parameter } from "../../command.js";
import { REJECTED } from "../../exit-codes.js";
import { fileFormat, inputFiles, loadOptions } from "../../load-options.js";
import { loadExitCode, loadOptionsOf, reportLoad } from "../../load-run.js";
import { writing } from "../../options.js";
import { loadText } from "../../render/load.js";

export const importCommand = defineCommand({
  name: "import",
  summary: "create and rename users from CSV and NDJSON files",
  details:
    "Users are matched by email: new ones are created, of others the name is taken over, the rest is not touched.\n" +
    "All files go in one transaction; one bad record, and nothing is written. Columns: email, display_name (or\n" +
    "name), and for users that are new created_at and deleted_at. Passwords are never read from files. Who was\n" +
    "deleted here is a bad record, unless the record says so too (deleted_at): restore or purge them first.",
  args: {},
  options: {
    ...inGroup("Input", { file: inputFiles, format: fileFormat }),
    ...loadOptions(USERS, "email=Mail,displayName=Name"),
    ...inGroup("Changing data", {
      onConflict: parameter(
        "--on-conflict <action>",
        "users that the database has already: update or keep (default: update)",
        z.enum(["update", "keep"]).default("update"),
      ),
      ...writing,
    }),
  },
  examples: [
    { command: "vocabdb user import --file users.csv --dry-run", description: "What would change" },
    {
      command: "vocabdb user import --file team.csv --map email=Mail,displayName=Name --rejects bad.csv",
      description: "With other headers, and bad records collected",
    },
    {
      command: "zcat users.ndjson.gz | vocabdb user import --file - --format ndjson",
      description: "From another program",
    },
  ],
  exitCodes: { [ExitCode.findings]: "--check found something to do, or migrations are pending", ...REJECTED },
  seeAlso: ["csv", "user export", "user create", "progress import"],
  needs: "connection",
  writes: "data",
  result: () => import("../../results/load.js").then(({ loaded }) => loaded),
  run: (input, services) => {
    const { connection } = services;
    const options = {
      ...loadOptionsOf(input, services),
      ...{ files: input.file, onConflict: input.onConflict },
      ...(input.format && { format: input.format }),
    };
    return reportLoad(connection, services, () => importUsers(connection, options));
  },
  text: (result, view) => loadText(result, { noun: "user", further: [], differences }, view),
  exitCode: (result) => loadExitCode(result, differences),
});
