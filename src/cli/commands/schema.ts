import * as z from "zod";
import { UsageError } from "../../errors/usage.js";
import { nearest } from "../../nearest.js";
import { type Command, defineCommand, type Noun, parameter } from "../command.js";
import { commandName } from "../help/pages.js";
import { type JsonSchema, jsonSchemaOf } from "../json-schema.js";
import { registry } from "../registry.js";
import { facts, jsonText } from "../render/text.js";

/** The document that every command prints when it fails. */
const ERROR = { name: "error", summary: "what every command prints on standard error when it fails" } as const;

interface DocumentList {
  readonly documents: readonly { readonly name: string; readonly summary: string }[];
}

const print = defineCommand({
  name: "schema",
  summary: "the JSON Schema (draft 2020-12) of what a command prints with --json",
  details:
    "Documents only grow: a newer version may have fields that an older one has not, so the schemas are open to\n" +
    "more. `error` is what goes to standard error, for every command. Needs no database.",
  args: {
    words: parameter(
      "[command...]",
      "such as user create, or error; without it, what there is",
      z.array(z.string()).default([]),
    ),
  },
  options: {},
  examples: [
    { command: "vocabdb schema", description: "Which documents there are" },
    {
      command: "vocabdb schema user create > user-create.schema.json",
      description: "For a validator, or to make types",
    },
    { command: "vocabdb schema error", description: "What a failure prints, with all error codes" },
  ],
  seeAlso: ["formatting", "exit-codes"],
  needs: "configInput",
  writes: null,
  run: async ({ words }): Promise<DocumentList | JsonSchema> =>
    words.length === 0 ? { documents: await everyDocument() } : schemaOf(words),
  result: () => import("../results/schema.js").then(({ schemaOrList }) => schemaOrList),
  text: (result, view) =>
    isList(result)
      ? facts(
          result.documents.map(({ name, summary }) => [name, summary]),
          view,
        )
      : jsonText(result, 2),
});

function isList(result: DocumentList | JsonSchema): result is DocumentList {
  return "documents" in result;
}

async function everyDocument(): Promise<DocumentList["documents"]> {
  const nouns = await Promise.all(Object.values(registry).map(({ load }) => load()));
  const ofCommands = nouns.flatMap((noun) =>
    noun.commands
      .filter(({ result }) => typeof result !== "string")
      .map((command) => ({ name: commandName(noun, command), summary: command.summary })),
  );
  return [...ofCommands, ERROR];
}

/** @throws {UsageError} where there is no such document */
async function schemaOf(words: readonly string[]): Promise<JsonSchema> {
  const name = words.join(" ");
  if (name === ERROR.name) {
    const { failure } = await import("../results/error.js");
    return jsonSchemaOf(failure, ERROR.name, ERROR.summary);
  }
  const [first = "", second, ...others] = words;
  const noun = Object.hasOwn(registry, first) ? await registry[first]?.load() : undefined;
  const command = noun !== undefined && others.length === 0 ? commandIn(noun, second) : undefined;
  if (noun === undefined || command === undefined) {
    const meant = second === undefined && noun !== undefined ? namesIn(noun) : await nearestName(name);
    const suggestion = meant === null ? "" : ` (did you mean ${meant}?)`;
    throw new UsageError(`there is no document of ${JSON.stringify(name)}${suggestion}`, "vocabdb schema");
  }
  if (typeof command.result === "string") {
    throw new UsageError(`\`vocabdb ${name}\` prints no JSON document: ${command.result}`);
  }
  return jsonSchemaOf(await command.result(), commandName(noun, command), command.summary);
}

/** All of them, where just the noun was given. */
function namesIn(noun: Noun): string {
  return noun.commands.map((command) => commandName(noun, command)).join(", ");
}

async function nearestName(name: string): Promise<string | null> {
  const documents = await everyDocument();
  return nearest(
    name,
    documents.map((document) => document.name),
  );
}

function commandIn(noun: Noun, name: string | undefined): Command | undefined {
  return name === undefined ? noun.defaultCommand : noun.commands.find((command) => command.name === name);
}

export const schema: Noun = { name: "schema", commands: [print], defaultCommand: print };
