/** What `vocabdb schema` prints with `--json`. */
import * as z from "zod";

const documents = z.object({
  documents: z.array(
    z.object({
      name: z.string().describe("argument of vocabdb schema"),
      summary: z.string().describe("of the command"),
    }),
  ),
});

const jsonSchema = z.looseObject({
  $schema: z.literal("https://json-schema.org/draft/2020-12/schema"),
  $id: z.string(),
  title: z.string(),
  description: z.string(),
});

export const schemaOrList = z.union([
  documents.describe("without an argument: what there is"),
  jsonSchema.describe("the JSON Schema of one document"),
]);
