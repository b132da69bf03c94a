/** PgBouncer in each of its useful modes before the server of the run, for `npm run test:pooler`. */
import type { TestProject } from "vitest/node";
import { type PgBouncer, startPgBouncer } from "./pgbouncer.js";
import { type Address, targetAt } from "./target.js";

declare module "vitest" {
  export interface ProvidedContext {
    /** That of the pooler which the tests of a project go through; none in an ordinary run. */
    poolMode: "session" | "transaction" | undefined;
    /** What stands before the server for everything but a test's own eyes. */
    poolers: Readonly<Record<"session" | "transaction", Address>> | undefined;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { server } = project.getProvidedContext();
  const target = targetAt(server, { ...server, database: server.adminDatabase });
  const started: PgBouncer[] = [];
  const start = async (mode: "session" | "transaction", poolSize: number): Promise<Address> => {
    const pgBouncer = await startPgBouncer({ mode, target, settings: { default_pool_size: poolSize } });
    started.push(pgBouncer);
    return { host: pgBouncer.target.host, port: pgBouncer.target.port };
  };
  project.provide("poolers", {
    // As many as one command may open, and fewer than the tests have processes at once.
    session: await start("session", 5),
    transaction: await start("transaction", 2),
  });
  return async () => {
    await Promise.all(started.map((pgBouncer) => pgBouncer.stop()));
  };
}
