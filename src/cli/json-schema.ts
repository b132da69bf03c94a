/** The schema of a document as JSON Schema, as it is published. */
import * as z from "zod";
import { packageVersion } from "../package-root.js";
import { refuseUnknown } from "./json-fields.js";

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
  const { $schema: _, ...keywords } = converted(schema);
  return {
    $schema: DRAFT,
    $id: `urn:vocabdb:${packageVersion()}:${name.replaceAll(" ", "-")}`,
    title: name === "error" ? "vocabdb: an error" : `vocabdb ${name} --json`,
    description,
    ...keywords,
  };
}

function converted(schema: z.ZodType) {
  return z.toJSONSchema(schema, {
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
}

/** What of a schema tells which fields there are. */
interface Keywords {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Keywords>>;
  readonly anyOf?: readonly Keywords[];
  readonly items?: Keywords;
  readonly properties?: Readonly<Record<string, Keywords>>;
  readonly additionalProperties?: unknown;
}

/**
 * @param fields of a document; those of a part of it are named behind a dot
 * @throws {UsageError} naming those that there are, where one is not among them
 */
export function refuseUnknownFields(schema: z.ZodType, fields: readonly string[]): void {
  const document = converted(schema) as Keywords;
  const formsOf = (part: Keywords): readonly Keywords[] => {
    const { $ref, anyOf = [], items } = part;
    const named = $ref === undefined ? undefined : document.$defs?.[$ref.slice("#/$defs/".length)];
    const inner = [...anyOf, ...[items, named].filter((each) => each !== undefined)];
    return inner.length === 0 ? [part] : inner.flatMap(formsOf);
  };
  for (const field of fields) {
    let forms = formsOf(document);
    let path = "";
    for (const name of field.split(".")) {
      const isOpen = forms.some(({ additionalProperties }) => additionalProperties !== undefined);
      if (isOpen) {
        break;
      }
      const known = new Set(forms.flatMap(({ properties = {} }) => Object.keys(properties)));
      refuseUnknown(
        [path + name],
        [...known].map((each) => path + each),
      );
      forms = forms.flatMap(({ properties = {} }) => (properties[name] === undefined ? [] : formsOf(properties[name])));
      path += `${name}.`;
    }
  }
}
