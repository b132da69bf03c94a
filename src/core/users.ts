/** Users: create, list, show, soft-delete, restore. Deleted ones are hidden unless asked for. */
import { type Database, inPrismaTransaction, type PrismaTransaction } from "../db/database.js";
import { withDeleted } from "../db/soft-delete.js";
import { EmailTakenError, UsageError, UserDeletedError, UserNotFoundError } from "../errors.js";
import type { Secret } from "../secret.js";
import { hashPassword } from "./password.js";

export interface User {
  readonly id: string;
  readonly email: string;
  readonly displayName: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

/** Every field but the hash, which no reader ever gets. */
const USER_FIELDS = {
  id: true,
  email: true,
  displayName: true,
  createdAt: true,
  updatedAt: true,
  deletedAt: true,
} as const;

export interface WriteOptions {
  /** Does the work in a transaction and rolls it back. */
  readonly dryRun?: boolean;
}

export interface UserChange {
  readonly user: User;
  /** false when the database was as wanted already. */
  readonly changed: boolean;
}

export interface NewUser {
  /** Normalised, see {@link import("./email.js").normalizeEmail}. */
  readonly email: string;
  readonly displayName?: string | null;
  readonly password?: Secret | null;
}

/**
 * @param options.ifNotExists an existing live user is no error, and is not changed
 * @throws {EmailTakenError} when the email belongs to a user, live or deleted
 */
export async function createUser(
  database: Database,
  input: NewUser,
  options: WriteOptions & { readonly ifNotExists?: boolean } = {},
): Promise<UserChange> {
  const passwordHash = input.password ? await hashPassword(input.password) : null;
  return inPrismaTransaction(database, options, async (prisma) => {
    // Two creations at once: the database lets one in, and the other one's is found below.
    const created = await prisma.user.createManyAndReturn({
      data: [{ email: input.email, displayName: input.displayName ?? null, passwordHash }],
      skipDuplicates: true,
      select: USER_FIELDS,
    });
    const [user] = created;
    if (user !== undefined) {
      return { user, changed: true };
    }
    const existing = await findAny(prisma, input.email);
    if (existing.deletedAt !== null || !options.ifNotExists) {
      throw new EmailTakenError(input.email, existing.deletedAt);
    }
    return { user: existing, changed: false };
  });
}

export interface ListOptions {
  readonly which?: "live" | "deleted" | "all";
  /** Part of the email or of the name, in any case. */
  readonly search?: string;
  /** 1 to 1000. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly after?: string;
}

export interface UserPage {
  readonly users: readonly User[];
  /** null on the last page. */
  readonly nextCursor: string | null;
}

/** Ordered by email. A page costs the same wherever it lies. @throws {UsageError} for a foreign cursor */
export async function listUsers(database: Database, options: ListOptions = {}): Promise<UserPage> {
  const { which = "live", limit = 50, after, search } = options;
  const conditions = { live: { deletedAt: null }, deleted: { deletedAt: { not: null } }, all: withDeleted }[which];
  const pattern = search === undefined ? null : { contains: escapeLike(search), mode: "insensitive" as const };
  const rows = await database.prisma.user.findMany({
    where: {
      AND: [
        conditions,
        after === undefined ? {} : { email: { gt: decodeCursor(after) } },
        pattern === null ? {} : { OR: [{ email: pattern }, { displayName: pattern }] },
      ],
    },
    orderBy: { email: "asc" },
    // One more than shown tells whether there is a next page.
    take: limit + 1,
    select: USER_FIELDS,
  });
  const users = rows.slice(0, limit);
  const last = users.at(-1);
  return { users, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last.email) : null };
}

/** Prisma passes % and _ on to LIKE as they are. */
function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}

function encodeCursor(email: string): string {
  return Buffer.from(email).toString("base64url");
}

function decodeCursor(cursor: string): string {
  const email = Buffer.from(cursor, "base64url").toString();
  if (!email.includes("@") || encodeCursor(email) !== cursor) {
    throw new UsageError(
      "--after: this is not a cursor of `vocabdb user list`",
      "use the nextCursor of the page before",
    );
  }
  return email;
}

export interface UserDetails {
  readonly user: User;
  /** Words with progress. */
  readonly progress: number;
  /** Live sessions: neither revoked nor expired. */
  readonly sessions: number;
}

/**
 * @throws {UserNotFoundError}
 * @throws {UserDeletedError} when the user is deleted and `deleted` is not set
 */
export async function showUser(
  database: Database,
  email: string,
  options: { readonly deleted?: boolean; readonly now?: Date } = {},
): Promise<UserDetails> {
  const { prisma } = database;
  const user = await prisma.user.findFirst({ where: { email, ...withDeleted }, select: USER_FIELDS });
  if (user === null) {
    throw new UserNotFoundError(email);
  }
  if (user.deletedAt !== null && !options.deleted) {
    throw new UserDeletedError(email, user.deletedAt);
  }
  // Not as `_count` of the user: Prisma would count the rows of all users, and keep one line of it.
  const ofUser = { userId: user.id, user: withDeleted };
  const now = options.now ?? new Date();
  const [progress, sessions] = await Promise.all([
    prisma.progress.count({ where: ofUser }),
    prisma.session.count({ where: { ...ofUser, revokedAt: null, expiresAt: { gt: now } } }),
  ]);
  return { user, progress, sessions };
}

export interface UserDeletion extends UserChange {
  readonly sessionsRevoked: number;
}

/** Soft: sets deletedAt and revokes every live session in one transaction; progress stays. */
export async function deleteUser(
  database: Database,
  email: string,
  options: WriteOptions & { readonly now?: Date } = {},
): Promise<UserDeletion> {
  const now = options.now ?? new Date();
  return inPrismaTransaction(database, options, async (prisma) => {
    // The condition is in the update itself: of two deletions at once, one changes the row.
    const { count } = await prisma.user.updateMany({ where: { email, deletedAt: null }, data: { deletedAt: now } });
    const user = await findAny(prisma, email);
    const revoked = await prisma.session.updateMany({
      where: { userId: user.id, revokedAt: null, expiresAt: { gt: now } },
      data: { revokedAt: now },
    });
    return { user, changed: count > 0, sessionsRevoked: revoked.count };
  });
}

/** Makes a deleted user live again. Sessions stay revoked: the user signs in anew. */
export async function restoreUser(database: Database, email: string, options: WriteOptions = {}): Promise<UserChange> {
  return inPrismaTransaction(database, options, async (prisma) => {
    const { count } = await prisma.user.updateMany({
      where: { email, deletedAt: { not: null } },
      data: { deletedAt: null },
    });
    return { user: await findAny(prisma, email), changed: count > 0 };
  });
}

async function findAny(prisma: PrismaTransaction, email: string): Promise<User> {
  const user = await prisma.user.findFirst({ where: { email, ...withDeleted }, select: USER_FIELDS });
  if (user === null) {
    throw new UserNotFoundError(email);
  }
  return user;
}
