/** The schema engine over this version's schema.prisma, its failures told as ours. */
import { translateError } from "../db/errors.js";
import type { LockOptions } from "../db/lock-tries.js";
import { type SchemaEngineSession, withSchemaEngine } from "../db/schema-engine.js";
import type { Target } from "../db/target.js";
import { readDatamodel } from "./migration-files.js";

export function withEngine<T>(
  target: Target,
  work: (session: SchemaEngineSession) => Promise<T>,
  options?: LockOptions,
): Promise<T> {
  return withSchemaEngine(target, readDatamodel(), work, options).catch((error: unknown) => {
    throw translateError(error, target);
  });
}
