/** How a command is declared: data, one function that works, one that renders. */
import type { z } from "zod";
import type { Guard } from "../core/mark.js";
import { UsageError } from "../errors/usage.js";
import type { Described, OptionGroup } from "./described.js";
import { type ExitMeanings, exitCodesOf } from "./exit-codes.js";
import { refuseUnknown } from "./json-fields.js";
import { formatOf, type Listed, type ListFormat, type Listing } from "./listing.js";
import type { Ink } from "./render/ink.js";
import type { Checked, ResultSource } from "./results/json.js";
import type { Host, Opening, ServicesFor } from "./services.js";

/**
 * What a marked database makes of a command: nothing, its mark is shown, it wants its name confirmed, or it refuses
 * (and says what, such as `seed --demo`).
 */
export type MarkedRule = "allow" | Guard["rule"];

export interface Parameter<S extends z.ZodType = z.ZodType> extends Described {
  /** From what commander hands over (text, true, a list, undefined) to the trusted value. */
  readonly schema: S;
}

export type Parameters = Readonly<Record<string, Parameter>>;

/** The trusted input: each parameter under the key it was declared with. */
export type InputOf<P extends Parameters> = { readonly [K in keyof P]: z.output<P[K]["schema"]> };

/** What a text rendering may depend on, so that it stays a pure function. */
export interface View {
  /** Width in columns that a line should keep to; Infinity where nobody looks at it. */
  readonly width: number;
  readonly ink: Ink;
  /** Whether `--format` has what does not fit into a table. */
  readonly hasFormats?: boolean;
  /** When it is shown, for what tells how long ago something was. */
  readonly now: Date;
}

export interface Example {
  readonly command: string;
  readonly description: string;
}

type Written = "data" | "schema" | null;

interface Declaration<
  A extends Parameters,
  O extends Parameters,
  N extends keyof ServicesFor,
  R extends object,
  S extends z.ZodType,
> {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** Paragraphs for `--help`. */
  readonly details?: string;
  /** Positional arguments, in order. */
  readonly args: A;
  readonly options: O;
  readonly examples: readonly Example[];
  /** What exit codes mean that not every command has, or that mean something of their own here. */
  readonly exitCodes?: ExitMeanings;
  /** Commands (`user restore`) and topics of help (`csv`) that go with it. */
  readonly seeAlso: readonly string[];
  /** What `run` needs opened; closed again when it ends. */
  readonly needs: N;
  /** What it changes: the target is then named before the work begins. Needs an opened target. */
  readonly writes: Written | ((input: InputOf<A & O>) => Written);
  /** Refuses what is wrong whatever the database holds, or what nobody has confirmed, before anything is opened for the work. */
  readonly precheck?: (input: InputOf<A & O>, services: ServicesFor["target"]) => void | Promise<void>;
  /** For what cannot be undone. Needs a connection, and to confirm the option `confirm`; a dry run is always allowed. */
  readonly onMarked?: (input: InputOf<A & O>) => MarkedRule;
  readonly run: (input: InputOf<A & O>, services: ServicesFor[N]) => Promise<R>;
  /**
   * What `--json` prints, for `vocabdb schema` and for the tests, which hold every document to it; loaded only then. A
   * field that it has and R has not, or the other way round, is a type error.
   */
  readonly result: ResultSource<S>;
  readonly text: (result: R, view: View, input: InputOf<A & O>) => string;
  /** Where the result is a list. Needs `listOptions` among the options. null: not with these options. */
  readonly list?: (input: InputOf<A & O>) => Listing | null;
  /** How to see more of a list than these rows. Default: by the `nextCursor` of the result. */
  readonly more?: (result: R, input: InputOf<A & O>) => string | null;
  /** For results that are findings, not failures; or of a program that has exit codes of its own. */
  readonly exitCode?: (result: R, input: InputOf<A & O>) => number;
}

export interface Outcome {
  /** The document for `--json`. */
  readonly result: object;
  readonly exitCode: number;
  /** Those that its document is to have, of a list those that its rows are to have; null for all. */
  readonly fields: readonly string[] | null;
  /** What it is printed as; `table` is the text. */
  readonly format: ListFormat;
  /** For a person. */
  readonly text: (view: View) => string;
  /** null where the result is no list. */
  readonly list: Listed | null;
  /** How to see more of it. */
  readonly more: string | null;
}

/** A declared command with its types closed over. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly details: string | null;
  readonly args: Parameters;
  readonly options: Parameters;
  readonly examples: readonly Example[];
  /** All that can occur. */
  readonly exitCodes: ExitMeanings;
  readonly seeAlso: readonly string[];
  /** What `--json` prints. */
  readonly result: ResultSource;
  /** Whether `--format` says what its rows are printed as. */
  readonly isList: boolean;
  readonly execute: (
    raw: Readonly<Record<string, unknown>>,
    fields: readonly string[] | null,
    host: Host,
  ) => Promise<Outcome>;
}

/** A noun of the command line: `vocabdb <noun> <command>`, or `vocabdb <noun>` where there is just one. */
export interface Noun {
  readonly name: string;
  readonly commands: readonly Command[];
  /** The command that the noun alone stands for. */
  readonly defaultCommand?: Command;
}

export function parameter<S extends z.ZodType>(
  flags: string,
  description: string,
  schema: S,
  further: Pick<Described, "completes"> = {},
): Parameter<S> {
  return { flags, description, schema, ...further };
}

export function repeatable<S extends z.ZodType>(flags: string, description: string, schema: S): Parameter<S> {
  return { flags, description, schema, repeatable: true };
}

export function inGroup<P extends Parameters>(group: OptionGroup, parameters: P): P {
  return Object.fromEntries(Object.entries(parameters).map(([key, each]) => [key, { ...each, group }])) as P;
}

export function defineCommand<
  A extends Parameters,
  O extends Parameters,
  N extends keyof ServicesFor,
  R extends object,
  S extends z.ZodType,
>(declaration: Declaration<A, O, N, R, S>): Checked<Command, R, S> {
  const { name, summary, details, args, options, examples, seeAlso, needs, writes, run, text, exitCode } = declaration;
  const { precheck, onMarked, result, list, more = moreOf } = declaration;
  const exitCodes = exitCodesOf({
    asksConsent: "confirm" in options,
    connects: needs !== "nothing" && needs !== "configInput",
    writes: writes !== null,
    declared: declaration.exitCodes ?? {},
  });
  const command: Command = {
    ...{ name, summary, details: details ?? null, args, options, examples, exitCodes, seeAlso, result },
    isList: list !== undefined,
    execute: async (raw, fields, host) => {
      const input = parseInput({ ...args, ...options }, raw) as InputOf<A & O>;
      const listing = list?.(input) ?? null;
      const json = raw.json === true;
      const format = listing !== null ? formatOf(input, json) : json ? "json" : "table";
      const { escapeFormulas = false } = input as { readonly escapeFormulas?: boolean };
      const listed = listing && { ...listing, escapeFormulas };
      const announce = typeof writes === "function" ? writes(input) : writes;
      if (listing !== null) {
        refuseUnknown(fields ?? [], listing.fields);
      } else if (fields !== null && typeof result !== "string") {
        const { refuseUnknownFields } = await import("./json-schema.js");
        refuseUnknownFields(await result(), fields);
      }
      const dryRun = raw.dryRun === true || raw.check === true;
      const rule = dryRun ? "allow" : (onMarked?.(input) ?? "allow");
      const { confirm = [] } = input as { readonly confirm?: readonly string[] };
      const agreed = (confirmed: readonly string[]) => ("confirm" in input ? { ...input, confirm: confirmed } : input);
      const opening: Opening = {
        ...{
          announce,
          dryRun,
          guard: rule === "allow" ? null : rule,
          confirmed: confirm,
        },
        precheck: async (services, confirmed) => precheck?.(agreed(confirmed), services),
      };
      const made = await host.withServices(needs, opening, (services, confirmed) => run(agreed(confirmed), services));
      return {
        ...{
          result: made,
          fields,
          format,
          list: listed,
          more: more(made, input),
          exitCode: exitCode?.(made, input) ?? 0,
        },
        text: (view) => text(made, view, input),
      };
    },
  };
  return command as Checked<Command, R, S>;
}

function moreOf(result: object): string | null {
  return "nextCursor" in result && result.nextCursor !== null ? `more: --after ${result.nextCursor}` : null;
}

/** @throws {UsageError} naming every argument and option that is wrong. */
function parseInput(parameters: Parameters, raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, { flags, schema }] of Object.entries(parameters)) {
    const result = schema.safeParse(raw[key]);
    if (result.success) {
      input[key] = result.data;
    } else {
      const name = flags.replace(/^[<[](.*?)(\.\.\.)?[>\]]$/, "$1");
      problems.push(...result.error.issues.map((issue) => `${name}: ${issue.message}`));
    }
  }
  if (problems.length > 0) {
    throw new UsageError(problems.join("\n"));
  }
  return input;
}
