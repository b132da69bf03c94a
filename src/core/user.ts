/** What a user is, and finding one by email. Without Prisma: commands that only read progress or sessions need not start it. */
import type { PoolClient } from "pg";
import { UserDeletedError, UserNotFoundError } from "../errors/users.js";
import type { Actor } from "./audit.js";

export interface User {
  readonly id: string;
  readonly email: string;
  readonly displayName: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

/** Every field in SQL, of `users AS u`. */
export const USER_COLUMNS = `u.id, u.email, u.display_name AS "displayName", u.created_at AS "createdAt",
  u.updated_at AS "updatedAt", u.deleted_at AS "deletedAt"`;

/** @throws {UserNotFoundError} when there is none, live or deleted */
export async function findUser(client: PoolClient, email: string): Promise<User> {
  const { rows } = await client.query<User>(`SELECT ${USER_COLUMNS} FROM users AS u WHERE u.email = $1`, [email]);
  const [user] = rows;
  if (user === undefined) {
    throw new UserNotFoundError(email);
  }
  return user;
}

/** @throws {UserDeletedError} when the user is deleted and deleted ones were not asked for */
export function requireVisible(user: User, showDeleted: boolean): void {
  if (user.deletedAt !== null && !showDeleted) {
    throw new UserDeletedError(user.email, user.deletedAt);
  }
}

export interface WriteOptions {
  /** Does the work in a transaction and rolls it back. */
  readonly dryRun?: boolean;
  /** For the history. */
  readonly actor?: Actor;
}

export interface UserChange {
  readonly user: User;
  /** false when the database was as wanted already. */
  readonly changed: boolean;
}
