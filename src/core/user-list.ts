/** Lists of users: filtered, sorted, a page at a time, each page by an index. */
import * as z from "zod";
import { Bindings, escapeLike, where } from "../db/bindings.js";
import type { Connection } from "../db/pool.js";
import { inTransaction } from "../db/transaction.js";
import { cursorTime, defineCursor, pageOf } from "./cursor.js";
import { USER_COLUMNS, type User } from "./user.js";

export interface ListOptions {
  readonly which?: "live" | "deleted" | "all";
  /** Part of the email or of the name, in any case. */
  readonly search?: string;
  /** What stands after the @; subdomains are others. */
  readonly domain?: string;
  /** Created then or later. */
  readonly createdAfter?: Date;
  /** Neither studied nor been signed in since then. */
  readonly inactiveSince?: Date;
  /** `created` shows the newest first. Default: email. */
  readonly sort?: "email" | "created";
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

const byEmail = defineCursor("user list", z.tuple([z.string().min(1)]));
const byCreation = defineCursor("user list", z.tuple([cursorTime, z.guid()]));

/** A page costs the same wherever it lies. @throws {UsageError} for a foreign cursor */
export async function listUsers(connection: Connection, options: ListOptions = {}): Promise<UserPage> {
  const { which = "live", sort = "email", limit = 50, after, search, domain, createdAfter, inactiveSince } = options;
  const query = new Bindings();
  const pattern = search === undefined ? null : query.bind(`%${escapeLike(search)}%`);
  const conditions = where(
    { live: "u.deleted_at IS NULL", deleted: "u.deleted_at IS NOT NULL", all: null }[which],
    pattern === null ? null : `(u.email ILIKE ${pattern} OR u.display_name ILIKE ${pattern})`,
    domain === undefined ? null : `split_part(u.email, '@', 2) = ${query.bind(domain)}`,
    createdAfter === undefined ? null : `u.created_at >= ${query.bind(createdAfter)}`,
    inactiveSince === undefined ? null : inactive(query.bind(inactiveSince)),
    after === undefined ? null : behind(query, sort, after),
  );
  const order = sort === "email" ? "u.email" : "u.created_at DESC, u.id DESC";
  const rows = await inTransaction(connection, { readOnly: true }, async (client) => {
    const found = await client.query<User>(
      `SELECT ${USER_COLUMNS} FROM users AS u ${conditions} ORDER BY ${order} LIMIT ${query.bind(limit + 1)}`,
      query.values,
    );
    return found.rows;
  });
  const page =
    sort === "email"
      ? pageOf(rows, limit, byEmail, ({ email }) => [email])
      : pageOf(rows, limit, byCreation, ({ createdAt, id }) => [createdAt.toISOString(), id]);
  return { users: page.rows, nextCursor: page.nextCursor };
}

/**
 * Asked user by user, until the page is full, and of each only up to the first row that tells. OFFSET 0 keeps the
 * server to that: without it, it may join instead, and read all progress beforehand.
 */
function inactive(since: string): string {
  return `NOT EXISTS (SELECT FROM progress AS p WHERE p.user_id = u.id AND p.last_studied_at >= ${since} OFFSET 0)
          AND NOT EXISTS (SELECT FROM sessions AS s
                           WHERE s.user_id = u.id AND COALESCE(s.last_used_at, s.created_at) >= ${since} OFFSET 0)`;
}

function behind(query: Bindings, sort: "email" | "created", cursor: string): string {
  if (sort === "email") {
    const [email] = byEmail.decode(cursor);
    return `u.email > ${query.bind(email)}`;
  }
  const [createdAt, id] = byCreation.decode(cursor);
  return `(u.created_at, u.id) < (${query.bind(createdAt)}, ${query.bind(id)})`;
}
