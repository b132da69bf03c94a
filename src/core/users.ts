/** Users: create, show, update, soft-delete, restore. Deleted ones are hidden unless asked for. */
import type { Database, PrismaTransaction } from "../db/database.js";
import type { Connection } from "../db/pool.js";
import { inPrismaTransaction } from "../db/prisma-transaction.js";
import { lockUser } from "../db/row-lock.js";
import { inTransaction } from "../db/transaction.js";
import { withDeleted } from "../db/with-deleted.js";
import { EmailTakenError, UserNotFoundError } from "../errors/users.js";
import type { Secret } from "../secret.js";
import { recordChange } from "./audit.js";
import { hashPassword } from "./password.js";
import { requireVisible, USER_COLUMNS, type User, type UserChange, type WriteOptions } from "./user.js";

/** Every field but the hash, which no reader ever gets. */
const USER_FIELDS = {
  id: true,
  email: true,
  displayName: true,
  createdAt: true,
  updatedAt: true,
  deletedAt: true,
} as const;

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
      await recordChange(
        prisma,
        { action: "user create", subjects: [user.email], changes: { users: { inserted: 1 } } },
        options.actor,
      );
      return { user, changed: true };
    }
    const existing = await findAny(prisma, input.email);
    if (existing.deletedAt !== null || !options.ifNotExists) {
      throw new EmailTakenError(input.email, existing.deletedAt);
    }
    return { user: existing, changed: false };
  });
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
  connection: Connection,
  email: string,
  options: { readonly deleted?: boolean; readonly now?: Date } = {},
): Promise<UserDetails> {
  const { deleted = false, now = new Date() } = options;
  return inTransaction(connection, { readOnly: true }, async (client) => {
    const { rows } = await client.query<User & { readonly progress: number; readonly sessions: number }>(
      `SELECT ${USER_COLUMNS},
              (SELECT count(*)::float8 FROM progress AS p WHERE p.user_id = u.id) AS progress,
              (SELECT count(*)::float8 FROM sessions AS s
                WHERE s.user_id = u.id AND s.revoked_at IS NULL AND s.expires_at > $2) AS sessions
         FROM users AS u
        WHERE u.email = $1`,
      [email, now],
    );
    const [found] = rows;
    if (found === undefined) {
      throw new UserNotFoundError(email);
    }
    requireVisible(found, deleted);
    const { progress, sessions, ...user } = found;
    return { user, progress, sessions };
  });
}

/** What is left out stays as it is. */
export interface UserUpdates {
  /** Normalised, as in {@link NewUser}. */
  readonly email?: string;
  readonly displayName?: string | null;
  /** null: the user signs in elsewhere. */
  readonly password?: Secret | null;
}

/** A change that may sign the user out. */
export interface SignOutChange extends UserChange {
  /** Live sessions that were ended. */
  readonly sessionsRevoked: number;
}

export type UserUpdate = SignOutChange;
export type UserDeletion = SignOutChange;

/**
 * A new password, or none where there was one, ends the sessions of whoever knew the old one. A password is
 * always new: hashes are salted, so that nothing tells whether it is the same.
 *
 * @param options.keepSessions does not end them
 * @throws {UserNotFoundError}
 * @throws {UserDeletedError}
 * @throws {EmailTakenError} when the new email belongs to another user, live or deleted
 */
export async function updateUser(
  database: Database,
  email: string,
  updates: UserUpdates,
  options: WriteOptions & { readonly keepSessions?: boolean; readonly now?: Date } = {},
): Promise<UserUpdate> {
  const { password, ...others } = updates;
  // Hashing takes long on purpose, and nobody should wait for a lock meanwhile.
  const passwordHash = password ? await hashPassword(password) : password;
  return inPrismaTransaction(database, options, async (prisma) => {
    await lockUser(prisma, database.target, email);
    const before = await findAny(prisma, email);
    requireVisible(before, false);
    const data = await differences(prisma, before, { ...others, passwordHash });
    if (Object.keys(data).length === 0) {
      return { user: before, changed: false, sessionsRevoked: 0 };
    }
    if (data.email !== undefined) {
      await requireFree(prisma, data.email);
    }
    const user = await prisma.user.update({ where: { id: before.id }, data, select: USER_FIELDS });
    const signsOut = data.passwordHash !== undefined && !options.keepSessions;
    const revoked = signsOut ? await revokeSessions(prisma, user.id, options.now ?? new Date()) : { live: 0, all: 0 };
    const change = {
      action: "user update",
      subjects: user.email === email ? [email] : [email, user.email],
      changes: { users: { updated: 1 }, sessions: { updated: revoked.all } },
    };
    await recordChange(prisma, change, options.actor);
    return { user, changed: true, sessionsRevoked: revoked.live };
  });
}

interface UserFields {
  readonly email?: string | undefined;
  readonly displayName?: string | null | undefined;
  readonly passwordHash?: string | null | undefined;
}

/** @returns those fields that are not as wanted yet */
async function differences(prisma: PrismaTransaction, user: User, wanted: UserFields): Promise<UserFields> {
  const { email, displayName, passwordHash } = wanted;
  const isNewPassword =
    passwordHash === null
      ? (await prisma.user.count({ where: { id: user.id, passwordHash: { not: null } } })) > 0
      : passwordHash !== undefined;
  return {
    ...(email !== undefined && email !== user.email && { email }),
    ...(displayName !== undefined && displayName !== user.displayName && { displayName }),
    ...(isNewPassword && { passwordHash }),
  };
}

/** Asked beforehand because the violated constraint would not tell whether its owner is deleted. */
async function requireFree(prisma: PrismaTransaction, email: string): Promise<void> {
  const owner = await prisma.user.findFirst({ where: { email, ...withDeleted }, select: USER_FIELDS });
  if (owner !== null) {
    throw new EmailTakenError(email, owner.deletedAt);
  }
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
    if (count === 0) {
      return { user, changed: false, sessionsRevoked: 0 };
    }
    const revoked = await revokeSessions(prisma, user.id, now);
    const changes = { users: { updated: 1 }, sessions: { updated: revoked.all } };
    await recordChange(prisma, { action: "user delete", subjects: [email], changes }, options.actor);
    return { user, changed: true, sessionsRevoked: revoked.live };
  });
}

/** @returns how many nobody can use any more, and with those that had expired */
async function revokeSessions(
  prisma: PrismaTransaction,
  userId: string,
  now: Date,
): Promise<{ readonly live: number; readonly all: number }> {
  const unrevoked = { userId, revokedAt: null };
  const data = { revokedAt: now };
  const live = await prisma.session.updateMany({ where: { ...unrevoked, expiresAt: { gt: now } }, data });
  // Nobody can use them any more, but the rule that deleted users have none asks for no clock.
  const expired = await prisma.session.updateMany({ where: unrevoked, data });
  return { live: live.count, all: live.count + expired.count };
}

/** Makes a deleted user live again. Sessions stay revoked: the user signs in anew. */
export async function restoreUser(database: Database, email: string, options: WriteOptions = {}): Promise<UserChange> {
  return inPrismaTransaction(database, options, async (prisma) => {
    const { count } = await prisma.user.updateMany({
      where: { email, deletedAt: { not: null } },
      data: { deletedAt: null },
    });
    const user = await findAny(prisma, email);
    const changes = { users: { updated: count } };
    await recordChange(prisma, { action: "user restore", subjects: [email], changes }, options.actor);
    return { user, changed: count > 0 };
  });
}

async function findAny(prisma: PrismaTransaction, email: string): Promise<User> {
  const user = await prisma.user.findFirst({ where: { email, ...withDeleted }, select: USER_FIELDS });
  if (user === null) {
    throw new UserNotFoundError(email);
  }
  return user;
}
