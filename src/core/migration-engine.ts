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
    throw translateError(withSqlState(error), target);
  });
}

/** What the server refuses while the engine looks around, it tells in words only. */
function withSqlState(error: unknown): unknown {
  const [, message] = /^ERROR: (permission denied for .*)$/m.exec(error instanceof Error ? error.message : "") ?? [];
  return message === undefined ? error : Object.assign(new Error(message), { code: "42501" });
}
