/** Which emails a user has had, and when, as the history tells it. */
import type { PoolClient } from "pg";

/** Times are null where there is no end to it. */
export interface EmailPeriod {
  readonly email: string;
  /** Not part of it: until then the email belonged to another user or to nobody. */
  readonly since: Date | null;
  /** Part of it: the entry that ended it is about this user too. */
  readonly until: Date | null;
}

/**
 * Entries name users by email, and an email may pass from one user to another: by a change of email, or when its
 * owner was purged. So what was done to a user stands under each of these emails, in its period.
 *
 * @param email that the user has now
 * @returns the latest period first
 */
export async function emailPeriods(client: PoolClient, email: string): Promise<EmailPeriod[]> {
  const periods: EmailPeriod[] = [];
  let current: string | null = email;
  let until: Date | null = null;
  while (current !== null) {
    const change = await lastChangeOfOwner(client, current, until);
    periods.push({ email: current, since: change?.at ?? null, until });
    current = change?.former ?? null;
    until = change?.at ?? null;
  }
  return periods;
}

interface ChangeOfOwner {
  readonly at: Date;
  /** The email that the new owner had before; null when the email became free. */
  readonly former: string | null;
}

async function lastChangeOfOwner(
  client: PoolClient,
  email: string,
  before: Date | null,
): Promise<ChangeOfOwner | undefined> {
  const { rows } = await client.query<ChangeOfOwner>(
    `SELECT occurred_at AS at, CASE WHEN action = 'user update' AND subjects[2] = $1 THEN subjects[1] END AS former
       FROM audit_log
      WHERE subjects @> ARRAY[$1] AND occurred_at < $2
        AND (action = 'user purge' OR action = 'user update' AND cardinality(subjects) = 2)
      ORDER BY occurred_at DESC
      LIMIT 1`,
    [email, before ?? "infinity"],
  );
  return rows[0];
}
