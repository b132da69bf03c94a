/**
 * Prisma's adapter with one thing mended: it writes times without their zone and drops the zone of those it
 * reads, so that every statement has to run in UTC.
 */
import { PrismaPg } from "@prisma/adapter-pg";
import type {
  IsolationLevel,
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  Transaction,
} from "@prisma/driver-adapter-utils";
import { type Connection, isUtcSession, TRANSACTION_SETUP } from "./pool.js";

export class UtcAdapterFactory implements SqlDriverAdapterFactory {
  readonly provider = "postgres";
  readonly adapterName: string;
  readonly #connection: Connection;
  readonly #prisma: PrismaPg;
  #isUtc: Promise<boolean> | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#prisma = new PrismaPg(connection.pool, { schema: connection.target.schema });
    this.adapterName = this.#prisma.adapterName;
  }

  async connect(): Promise<SqlDriverAdapter> {
    const adapter = await this.#prisma.connect();
    const begin = adapter.startTransaction.bind(adapter);
    const queryRaw = adapter.queryRaw.bind(adapter);
    const executeRaw = adapter.executeRaw.bind(adapter);
    const startTransaction = (level?: IsolationLevel): Promise<Transaction> => begin(level).then(inUtc);
    return Object.assign(adapter, {
      startTransaction,
      queryRaw: async (query: SqlQuery) =>
        (await this.#isUtcByItself())
          ? queryRaw(query)
          : inOne(await startTransaction(), (transaction) => transaction.queryRaw(query)),
      executeRaw: async (query: SqlQuery) =>
        (await this.#isUtcByItself())
          ? executeRaw(query)
          : inOne(await startTransaction(), (transaction) => transaction.executeRaw(query)),
    });
  }

  /** Some poolers drop what a client asks for at its login. The first connection tells for all. */
  #isUtcByItself(): Promise<boolean> {
    this.#isUtc ??= this.#askFirst();
    return this.#isUtc;
  }

  async #askFirst(): Promise<boolean> {
    try {
      const client = await this.#connection.pool.connect();
      client.release();
      return isUtcSession(client);
    } catch (error) {
      // The next one asks again.
      this.#isUtc = null;
      throw error;
    }
  }
}

function statement(sql: string): SqlQuery {
  return { sql, args: [], argTypes: [] };
}

async function inUtc(transaction: Transaction): Promise<Transaction> {
  try {
    await transaction.executeRaw(statement(TRANSACTION_SETUP));
    return transaction;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

/** The adapter's `commit` and `rollback` only give the connection back. */
async function inOne<T>(transaction: Transaction, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  try {
    const result = await work(transaction);
    await transaction.executeRaw(statement("COMMIT"));
    await transaction.commit();
    return result;
  } catch (error) {
    await transaction.executeRaw(statement("ROLLBACK")).catch(() => {});
    await transaction.rollback();
    throw error;
  }
}
