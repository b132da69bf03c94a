/** Whatever the command line prints as JSON is what its published schema says, in whichever test it is printed. */
import * as z from "zod";
import { packageRoot } from "../../src/package-root.js";
import { builtCommand, type InProcessResult, runInProcess } from "./in-process.js";

type Said = Pick<InProcessResult, "stdout" | "stderr"> & { readonly exitCode: number | null };

/** @throws with the places that are wrong, unless it is a document of that command, or the error for a failure */
export async function requireDocument(args: readonly string[], { exitCode, stdout, stderr }: Said): Promise<void> {
  const words = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  // What is completed is not run.
  const asked = words[0] === "__complete" ? undefined : words.find(asksForDocument);
  // A process that was killed, or help, has no document.
  if (asked === undefined || exitCode === null || words.some((word) => /^(-h|--help|-V|--version)$/.test(word))) {
    return;
  }
  // Findings are a document too, whatever their exit code.
  const isFailure = stdout === "" && exitCode !== 0;
  const name = isFailure ? "error" : await documentOf(words);
  const schema = await strictSchema(name, asked.startsWith("--json=") && !isFailure);
  const text = isFailure ? stderr : stdout;
  const { error } = schema.safeParse(parsed(text));
  if (error !== undefined) {
    const problems = z.prettifyError(error);
    throw new Error(`\`${args.join(" ")}\` does not print what \`vocabdb schema ${name}\` says:\n${problems}\n${text}`);
  }
}

/** Lists have it as one of their formats too; for an export that is what it exports. */
function asksForDocument(word: string, index: number, words: readonly string[]): boolean {
  const isFormat = word === "--format=json" || (word === "json" && words[index - 1] === "--format");
  return /^--json(=|$)/.test(word) || (isFormat && !words.includes("export"));
}

/** What is not one JSON document is the text that it is, which is no object. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const published = new Map<string, Promise<unknown>>();

/** What `vocabdb schema` prints, asked once in each file of tests. */
function schemaCommand(name: string): Promise<unknown> {
  const known = published.get(name) ?? printed(name);
  published.set(name, known);
  return known;
}

async function printed(name: string): Promise<unknown> {
  const argv = ["schema", ...name.split(" ").filter((word) => word !== ""), "--json"];
  const { stdout, stderr } = await runInProcess(await builtCommand(), argv, { cwd: packageRoot, env: {} });
  if (stderr !== "") {
    throw new Error(`vocabdb ${argv.join(" ")}: ${stderr}`);
  }
  return JSON.parse(stdout);
}

/** Which of the documents there are the command of these words prints. */
async function documentOf(words: readonly string[]): Promise<string> {
  const { documents } = (await schemaCommand("")) as { readonly documents: readonly { readonly name: string }[] };
  const names = new Set(documents.flatMap(({ name }) => [name, ...name.split(" ").slice(0, 1)]));
  // A noun alone is its default command, and it is for `vocabdb schema` to know that.
  const candidates = words.flatMap((word, index) => [`${word} ${words[index + 1]}`, word]);
  const name = candidates.find((candidate) => names.has(candidate));
  if (name === undefined) {
    throw new Error(`\`vocabdb schema\` knows no document of \`${words.join(" ")}\``);
  }
  return name;
}

const strict = new Map<string, Promise<z.ZodType>>();

/** @param partial where fields were chosen, so that any may be missing */
function strictSchema(name: string, partial: boolean): Promise<z.ZodType> {
  const key = `${name} ${partial}`;
  const schema = strict.get(key) ?? schemaCommand(name).then((document) => z.fromJSONSchema(closed(document, partial)));
  strict.set(key, schema);
  return schema;
}

/** The published schema lets documents grow; here each object has the fields that are named and no other. */
function closed(document: unknown, partial: boolean): z.core.JSONSchema.JSONSchema {
  return JSON.parse(JSON.stringify(document), (_, node) => {
    if (node?.format === "email") {
      // Zod takes fewer for emails than there are.
      return { ...node, format: undefined, pattern: "^[^@]+@[^@]+$" };
    }
    if (node?.type !== "object" || typeof node.properties !== "object") {
      return node;
    }
    const { required = [], additionalProperties = false } = node;
    return { ...node, required: partial ? [] : required, additionalProperties };
  });
}
