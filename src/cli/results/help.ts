/** What `vocabdb help` prints with `--json`. */
import * as z from "zod";

const items = z.array(z.object({ term: z.string(), text: z.string() }));

const block = z
  .union([
    z.object({ kind: z.enum(["paragraph", "verbatim"]), text: z.string() }),
    z.object({ kind: z.enum(["examples", "list"]), items }),
  ])
  .meta({ id: "Block" });

export const page = z.object({
  name: z.string().describe("what follows vocabdb help; empty for vocabdb itself"),
  summary: z.string(),
  usage: z.array(z.string()).describe("what can be typed; none where it is about no command"),
  description: z.array(block),
  sections: z.array(z.object({ title: z.string(), blocks: z.array(block) })),
  seeAlso: z.array(z.string()).describe("names of pages"),
});
