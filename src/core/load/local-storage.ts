/**
 * What the browser version of the product kept, as records of progress:
 *
 *     {"lists":[{"id":"hsk1","listName":"HSK 1","progress":{"你好":true,"12":true}}]}
 *
 * It knew only that a word had been learned, not when or how often. That counts as studied once, with the
 * word due for review, so that nothing is claimed which nobody remembers.
 */
import { Readable } from "node:stream";
import * as z from "zod";
import { BadHeaderError } from "../../errors/loading.js";
import type { Source } from "./source.js";
import { readText } from "./text-file.js";
import type { WordNumbers } from "./word-numbers.js";

const LEARNED = { studyCount: 1, correctCount: 1, confidence: 0.5 } as const;

/** Not z.record, which leaves out a word that is written `__proto__`. */
const Progress = z
  .custom<Readonly<Record<string, unknown>>>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    "is not an object",
  )
  .superRefine((words, context) => {
    for (const [word, learned] of Object.entries(words)) {
      if (typeof learned !== "boolean") {
        context.addIssue({ code: "custom", path: [word], message: "is neither true nor false" });
      }
    }
  });

const Stored = z.object({
  lists: z.array(
    z.object({
      id: z.union([z.string(), z.number()]).optional(),
      listName: z.string().optional(),
      progress: Progress.default({}),
    }),
  ),
});

/**
 * @param wordOf for lists that call their words by numbers
 * @throws {BadHeaderError} when the file holds something else
 */
export async function localStorageSource(
  source: Source,
  wordOf: WordNumbers = () => undefined,
  signal?: AbortSignal,
): Promise<Source> {
  const { lists } = parseStored(source.name, await readText(source, signal));
  const records = lists.flatMap(({ id, listName, progress }) => {
    const names = [id, listName].flatMap((name) => (name === undefined ? [] : [String(name)]));
    return Object.entries(progress)
      .filter(([, learned]) => learned)
      .map(([word]) => ({ ...(wordOf(names, word) ?? { term: word }), ...LEARNED }));
  });
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join("");
  return {
    // Lines count the words that were learned: in the file itself all may stand in one line.
    name: `${source.name}#learned`,
    ...{ path: source.path, format: "ndjson", bytes: Buffer.byteLength(text) },
    open: () => Readable.from(Buffer.from(text), { objectMode: false }),
    // Not everybody has learned a word.
    mayBeEmpty: true,
  };
}

function parseStored(file: string, text: string): z.infer<typeof Stored> {
  const refuse = (reason: string): never => {
    throw new BadHeaderError(
      file,
      [],
      `is not what the browser version kept: ${reason}`,
      'it has the form {"lists":[{"id":"…","listName":"…","progress":{"word":true}}]}',
    );
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse("it is not JSON");
  }
  const result = Stored.safeParse(value);
  if (result.success) {
    return result.data;
  }
  const [issue] = result.error.issues;
  return refuse(`${issue?.path.join(".") || "the document"}: ${issue?.message ?? ""}`);
}
