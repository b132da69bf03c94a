/** The schema of a document as JSON Schema, as it is published. */
import * as z from "zod";
import { packageVersion } from "../package-root.js";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

export interface JsonSchema {
  readonly $schema: typeof DRAFT;
  readonly $id: string;
  readonly title: string;
  readonly description: string;
  readonly [keyword: string]: unknown;
}

/** @param name of the document: a command without `vocabdb`, or `error` */
export function jsonSchemaOf(schema: z.ZodType, name: string, description: string): JsonSchema {
  const { $schema: _, ...keywords } = z.toJSONSchema(schema, {
    // As what comes in, objects are open: documents grow.
    io: "input",
    override: ({ jsonSchema }) => {
      // The format says it, and no integer that JSON can carry is greater.
      if (jsonSchema.format !== undefined) {
        delete jsonSchema.pattern;
      }
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) {
        delete jsonSchema.maximum;
      }
    },
  });
  return {
    $schema: DRAFT,
    $id: `urn:vocabdb:${packageVersion()}:${name.replaceAll(" ", "-")}`,
    title: name === "error" ? "vocabdb: an error" : `vocabdb ${name} --json`,
    description,
    ...keywords,
  };
}
