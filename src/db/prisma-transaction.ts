/** The bracket around statements that go through Prisma. It uses a client that is open already, and loads none. */
import type { Database, PrismaTransaction } from "./database.js";

/**
 * Runs `work` in one Prisma transaction. With `dryRun` all of it is done on the real database, rules and
 * triggers included, and then rolled back.
 */
export async function inPrismaTransaction<T>(
  database: Database,
  options: { readonly dryRun?: boolean | undefined },
  work: (prisma: PrismaTransaction) => Promise<T>,
): Promise<T> {
  const { prisma } = database;
  const rollback = new Error("rolled back: dry run");
  const rehearsed: { outcome?: { value: T } } = {};
  try {
    return await prisma.$transaction(async (transaction) => {
      const value = await work(transaction);
      if (options.dryRun) {
        rehearsed.outcome = { value };
        throw rollback;
      }
      return value;
    }, TRANSACTION_LIMITS);
  } catch (error) {
    if (error === rollback && rehearsed.outcome !== undefined) {
      return rehearsed.outcome.value;
    }
    throw error;
  }
}

/** Milliseconds: Prisma's defaults (2 s, 5 s) are short for a busy database far away. */
const TRANSACTION_LIMITS = { maxWait: 10_000, timeout: 30_000 } as const;
