/** A table to ourselves, or not at all. */
import pg, { type PoolClient } from "pg";

const LOCK_NOT_AVAILABLE = "55P03";

/**
 * Locks the table against everybody, in a savepoint of the caller's transaction, unless somebody is using it.
 *
 * @param table never from outside
 * @returns gives the lock back; null when it was not to be had
 */
export async function tryLockTable(client: PoolClient, table: string): Promise<(() => Promise<void>) | null> {
  const rollBack = async (): Promise<void> => {
    await client.query("ROLLBACK TO SAVEPOINT before_lock");
  };
  await client.query("SAVEPOINT before_lock");
  try {
    await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE NOWAIT`);
    return rollBack;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === LOCK_NOT_AVAILABLE) {
      await rollBack();
      return null;
    }
    throw error;
  }
}
