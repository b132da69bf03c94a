/** What `vocabdb history` prints with `--json`. */
import * as z from "zod";
import { changesByTable, id, nextCursor, time } from "./shared.js";

export const historyList = z.object({
  entries: z
    .array(
      z.object({
        id,
        occurredAt: time,
        action: z.string().describe("the command without its arguments, such as user delete"),
        commandLine: z.string().nullable().describe("what was typed, without secrets; null for the library"),
        operator: z.string().nullable().describe("account on the machine, or the run of a CI system"),
        databaseRole: z.string(),
        reason: z.string().nullable(),
        subjects: z.array(z.string()).describe("emails of the users it is about"),
        changes: changesByTable,
      }),
    )
    .describe("the newest first"),
  nextCursor,
});
