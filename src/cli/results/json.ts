/** How the schema of a document and the type of what is printed as it are tied together. */
import type { z } from "zod";

/** What `JSON.stringify` makes of it. */
export type JsonOf<T> = T extends Date
  ? string
  : T extends readonly (infer E)[]
    ? JsonOf<E>[]
    : T extends object
      ? { [K in keyof T]: JsonOf<T[K]> }
      : T;

/**
 * C, where S says of R's document what R says, neither less nor more; else what no command is, so that a noun cannot
 * list it. (A condition on what is declared would be asked before R is known.)
 */
export type Checked<C, R, S extends z.ZodType> = [JsonOf<R>, z.output<S>] extends [z.output<S>, JsonOf<R>]
  ? C
  : // Of a text.
    [z.ZodType] extends [S]
    ? C
    : { readonly resultIsOf: JsonOf<R>; readonly schemaIsOf: z.output<S> };

/** A text says why there is no document. */
export type ResultSource<S extends z.ZodType = z.ZodType> = (() => Promise<S>) | string;
