/** Row locks, which Prisma's queries cannot ask for. */
import pg from "pg";
import type { PrismaTransaction } from "./database.js";
import type { Target } from "./target.js";

/**
 * Holds the user's row, if there is one, until the transaction ends: what it then reads of the user stays true,
 * and every session that is being made is either seen or waits.
 */
export async function lockUser(prisma: PrismaTransaction, { schema }: Target, email: string): Promise<void> {
  const users = `${pg.escapeIdentifier(schema)}.users`;
  await prisma.$queryRawUnsafe(`SELECT id FROM ${users} WHERE email = $1 FOR UPDATE`, email);
}
