/** What the commands that load files have in common on the command line. */
import { z } from "zod";
import { fieldsOf, Refusal, type Shape } from "../core/load/shape.js";

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

/** `term=Chinese,reading=Pinyin`; a header may hold commas, as long as no field's name follows. */
export function mapOf(shape: Shape) {
  const names = fieldsOf(shape).map(({ name }) => name);
  const spellings = fieldsOf(shape).flatMap(({ name, column }) => [name, column]);
  const nextField = new RegExp(`,(?=\\s*(?:${spellings.join("|")})\\s*=)`, "i");
  return z.array(z.string()).transform((texts, context) => {
    const map: Record<string, string> = {};
    for (const pair of texts.flatMap((text) => text.split(nextField))) {
      const [, name = "", header = ""] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/s.exec(pair) ?? [];
      const field = names.find((each) => each.toLowerCase() === name.toLowerCase().replace(/[\s_-]/g, ""));
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

/** `10`, or a share such as `0.5%`. */
export const rejectLimit = z.string().transform((text, context) => {
  const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const number = Number(digits);
  if (digits === undefined || (percent === "" ? !Number.isSafeInteger(number) : number > 100)) {
    context.addIssue({ code: "custom", message: "must be a number of records such as 10, or a share such as 0.5%" });
    return z.NEVER;
  }
  return percent === "" ? { records: number } : { percent: number };
});

export const delimiter = z.string().transform((text, context) => {
  const character = text === "tab" || text === "\\t" ? "\t" : text;
  if (!/^[\t -~]$/.test(character) || character === '"') {
    context.addIssue({ code: "custom", message: "must be one ASCII character, or tab" });
    return z.NEVER;
  }
  return character;
});
