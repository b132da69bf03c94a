/** The Prisma client over the shared pool: what this package's library and its commands work with. */
import { EmailTakenError } from "../errors/users.js";
import { ConstraintError } from "../errors/words.js";
import { Prisma, PrismaClient } from "../generated/prisma/client.js";
import { translateCommitError, translateError } from "./errors.js";
import { type Connection, openConnection } from "./pool.js";
import { UtcAdapterFactory } from "./prisma-adapter.js";
import { softDelete } from "./soft-delete.js";
import type { Target } from "./target.js";

export interface Database extends Connection {
  /**
   * Prisma on the shared pool. Reads hide soft-deleted users unless they ask (see `withDeleted`), and
   * failures arrive as this package's errors, Prisma's own as their `cause`.
   */
  readonly prisma: PrismaDatabaseClient;
}

export type PrismaDatabaseClient = ReturnType<typeof extendedClient>;

/** What an interactive transaction of {@link PrismaDatabaseClient} hands to its callback. */
export type PrismaTransaction = Parameters<Parameters<PrismaDatabaseClient["$transaction"]>[0]>[0];

/** Prisma on a connection that somebody else closes. */
export async function withPrisma<T>(connection: Connection, work: (database: Database) => Promise<T>): Promise<T> {
  const { client, database } = prismaOn(connection);
  try {
    return await work(database);
  } finally {
    await client.$disconnect();
  }
}

/** Pool and Prisma for a process that keeps them; `close` ends both. */
export function openTarget(target: Target): Database {
  const connection = openConnection(target);
  const { client, database } = prismaOn(connection);
  return { ...database, close: () => client.$disconnect().then(() => connection.close()) };
}

function prismaOn(connection: Connection): { client: PrismaClient; database: Database } {
  const client = new PrismaClient({ adapter: new UtcAdapterFactory(connection), errorFormat: "minimal" });
  return { client, database: { ...connection, prisma: extendedClient(client, connection.target) } };
}

function extendedClient(client: PrismaClient, target: Target) {
  const translate = Prisma.defineExtension({
    name: "translate-errors",
    query: {
      $allOperations: ({ args, query }) =>
        query(args).catch((error: unknown) => {
          throw emailTaken(args, translateError(error, target), error);
        }),
    },
  });
  const extended = client.$extends(translate).$extends(softDelete);
  const begin = extended.$transaction.bind(extended) as Begin;
  // Begin and commit are no operations that an extension of queries sees.
  return extended.$extends({
    client: { $transaction: translatedTransaction(begin, target) as typeof extended.$transaction },
  });
}

type Begin = (work: unknown, options?: object) => Promise<unknown>;

/** What its work throws is left alone: it may be about anything. */
function translatedTransaction(begin: Begin, target: Target): Begin {
  return async (work, options) => {
    if (typeof work !== "function") {
      return begin(work, options).catch((error: unknown) => {
        throw translateError(error, target);
      });
    }
    const at = { begin: true, commit: false };
    try {
      return await begin(async (transaction: unknown) => {
        at.begin = false;
        const value: unknown = await work(transaction);
        at.commit = true;
        return value;
      }, options);
    } catch (error) {
      if (at.commit) {
        throw translateCommitError(error, target);
      }
      throw at.begin ? translateError(error, target) : error;
    }
  };
}

/** A violated unique email is told with the email, which the server's message leaves out. */
function emailTaken(args: unknown, translated: unknown, cause: unknown): unknown {
  if (!(translated instanceof ConstraintError) || translated.constraint !== "users_email_key") {
    return translated;
  }
  const { data, create } = (args ?? {}) as { data?: unknown; create?: unknown };
  const { email } = (data ?? create ?? {}) as { email?: unknown };
  return typeof email === "string" ? new EmailTakenError(email, undefined, { cause }) : translated;
}
