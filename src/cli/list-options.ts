/** The options of commands that list. */
import * as z from "zod";
import { parameter } from "./command.js";
import { LIST_FORMATS } from "./listing.js";

export const escapeFormulas = parameter(
  "--escape-formulas",
  "put an apostrophe before cells that a spreadsheet would compute; --unescape-formulas reads such a file back",
  z.boolean().default(false),
);

/** For the options of every command that lists. */
export const listOptions = {
  format: parameter(
    "--format <format>",
    `${LIST_FORMATS.join(", ")} (default: table); ndjson and csv are the rows alone`,
    z.enum(LIST_FORMATS, { error: `must be one of ${LIST_FORMATS.join(", ")}` }).optional(),
  ),
  escapeFormulas,
} as const;
