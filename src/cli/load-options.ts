/** What the commands that load files have in common on the command line. */
import * as z from "zod";
import { plain } from "../core/load/layout.js";
import { fieldsOf, Refusal, type Shape } from "../core/load/shape.js";
import { WORDS } from "../core/load/word-shape.js";
import { inGroup, parameter } from "./command.js";
import { flagOption } from "./options.js";

/** A value that is checked as the cells of that field are. */
export const cellOf = (shape: Shape, name: string) =>
  z
    .string()
    .transform((text, context) => {
      const value = fieldsOf(shape)
        .find((field) => field.name === name)
        ?.parse(text);
      if (value instanceof Refusal) {
        context.addIssue({ code: "custom", message: value.reason });
        return z.NEVER;
      }
      return value ?? undefined;
    })
    .optional();

export const onlyLanguage = parameter(
  "--language <tag>",
  "only words of this language (BCP 47, such as zh)",
  cellOf(WORDS, "language"),
  { completes: "language" },
);

/** `term=Chinese,reading=Pinyin`; a header may hold commas, as long as no field's name follows. */
function mapOf(shape: Shape) {
  const names = fieldsOf(shape).map(({ name }) => name);
  const spellings = fieldsOf(shape).flatMap(({ name, column }) => [name, column]);
  const nextField = new RegExp(`,(?=\\s*(?:${spellings.join("|")})\\s*=)`, "i");
  return z.array(z.string()).transform((texts, context) => {
    const map: Record<string, string> = {};
    for (const pair of texts.flatMap((text) => text.split(nextField))) {
      const [name = "", ...rest] = pair.split("=");
      const header = rest.join("=").trim();
      const field = names.find((each) => each.toLowerCase() === plain(name));
      const [other] = Object.entries(map).find(([each, taken]) => taken === header && each !== field) ?? [];
      if (field === undefined || header === "") {
        const message = `${JSON.stringify(pair)} is not FIELD=HEADER; fields are ${names.join(", ")}`;
        context.addIssue({ code: "custom", message });
      } else if (other !== undefined) {
        const message = `${JSON.stringify(header)} cannot be both ${other} and ${field}`;
        context.addIssue({ code: "custom", message });
      } else {
        map[field] = header;
      }
    }
    return map;
  });
}

/** @param example of `--map`, such as `term=Chinese` */
export const loadOptions = (shape: Shape, example: string) =>
  ({
    ...inGroup("Input", {
      map: parameter("--map <field=header...>", `which header means what, such as ${example}`, mapOf(shape).optional()),
      delimiter: parameter(
        "--delimiter <character>",
        "what separates cells (default: found in the header)",
        delimiter.optional(),
      ),
      unescapeFormulas: flagOption(
        "--unescape-formulas",
        "take off the apostrophes that --escape-formulas has put into a CSV file",
      ),
    }),
    ...inGroup("Bad records", {
      onDuplicate: parameter(
        "--on-duplicate <action>",
        `records that say different things of one ${shape.noun}: error, or first or last counts (default: error)`,
        z.enum(["error", "first", "last"]).default("error"),
      ),
      maxRejects: parameter(
        "--max-rejects <limit>",
        "how many bad records to leave out, as a number or a share such as 1% (default: 0)",
        rejectLimit.optional(),
      ),
      rejects: parameter(
        "--rejects <path>",
        "write bad records to this file as they are, with the reasons; it can be corrected and loaded",
        z
          .string()
          .min(1)
          .refine((path) => path !== "-", "must be a file; standard output is for the result")
          .optional(),
        { completes: "file" },
      ),
    }),
    ...inGroup("Changing data", {
      check: flagOption("--check", "only compare: exit 3 if the database is not what the files say"),
    }),
  }) as const;

export const inputFiles = parameter(
  "-f, --file <path...>",
  "files, folders, patterns, or - for standard input",
  z.array(z.string().min(1), { error: "name at least one file, or - for standard input" }),
  { completes: "file" },
);

export const fileFormat = parameter(
  "--format <format>",
  "csv or ndjson (default: by the file's name)",
  z.enum(["csv", "ndjson"]).optional(),
);

/** `10`, or a share such as `0.5%`. */
const rejectLimit = z.string().transform((text, context) => {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const number = Number(digits);
  if (digits === undefined || (percent === "" ? !Number.isSafeInteger(number) : number > 100)) {
    context.addIssue({ code: "custom", message: "must be a number of records such as 10, or a share such as 0.5%" });
    return z.NEVER;
  }
  return percent === "" ? { records: number } : { percent: number };
});

const delimiter = z.string().transform((text, context) => {
  const character = text === "tab" || text === "\\t" ? "\t" : text;
  if (!/^[\t -~]$/.test(character) || character === '"') {
    context.addIssue({ code: "custom", message: "must be one ASCII character, or tab" });
    return z.NEVER;
  }
  return character;
});
