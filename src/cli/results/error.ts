/** What a failure prints with `--json`, on standard error. */
import * as z from "zod";
import { errorCodes } from "../../errors/codes.js";

export const failure = z.object({
  error: z.object({
    code: z.enum(errorCodes).describe("stable; docs/errors.md explains each"),
    message: z.string().describe("for people, and may be worded better in any version"),
    hint: z.string().nullable().describe("the next thing to do, usually a command to type"),
  }),
});
