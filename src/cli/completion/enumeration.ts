import * as z from "zod";

/** The values that a schema lets through, where they can be counted. */
export function enumeration(schema: unknown): readonly string[] {
  if (schema instanceof z.ZodEnum) {
    return schema.options.map(String);
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return enumeration(schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) {
    return enumeration(schema.in);
  }
  return schema instanceof z.ZodArray ? enumeration(schema.element) : [];
}
