/**
 * The library: the shared pooled Prisma client for the product's backend, and the rules the commands use.
 *
 *     import { openDatabase } from "vocabdb";
 *
 *     const { prisma, close } = await openDatabase();
 *     const users = await prisma.user.findMany();
 *     await close();
 */
import { type ConfigInput, loadConfig } from "./config.js";
import { type Database, openTarget } from "./db/database.js";
import { resolveTarget } from "./db/resolve.js";

export interface OpenOptions {
  /** Connection URL; by default DATABASE_URL, then `.env`, then the embedded server. */
  readonly url?: string;
  /** Instead of `process.env`. */
  readonly env?: ConfigInput["env"];
  /** Folder in which `.env` is looked for; by default the current one. */
  readonly cwd?: string;
}

/**
 * Opens one pool with Prisma on it; a backend needs one for its whole life. Connections open on first use,
 * every session runs in UTC.
 *
 * @throws {import("./errors/usage.js").ConfigError} when no database is configured, or its URL is malformed
 */
export async function openDatabase(options: OpenOptions = {}): Promise<Database> {
  const config = loadConfig({
    env: options.env ?? process.env,
    cwd: options.cwd ?? process.cwd(),
    databaseUrl: options.url,
  });
  const { target } = await resolveTarget(config);
  return openTarget(target);
}

export type { Blocker, Wait } from "./blocker.js";
export { type Actor, type HistoryOptions, type HistoryPage, listHistory } from "./core/audit.js";
export { normalizeEmail } from "./core/email.js";
export {
  importProgress,
  importUsers,
  type ProgressImportOptions,
  type UserImportOptions,
} from "./core/import.js";
export { type MigrationPlan, type PlanOptions, planMigrations } from "./core/migration-plan.js";
export { type MigrationStatus, migrationStatus } from "./core/migration-status.js";
export { type DeployOptions, type DeployResult, deployMigrations } from "./core/migrations.js";
export { type ProgressOptions, type ProgressOverview, showProgress } from "./core/progress.js";
export { listProgress, type ProgressListOptions, type ProgressPage } from "./core/progress-list.js";
export { type ProgressReport, type ReportOptions, reportProgress } from "./core/progress-report.js";
export { type SeedMode, type SeedOptions, type SeedResult, seedWords } from "./core/seed.js";
export { listSessions, type SessionListOptions, type SessionPage } from "./core/session-list.js";
export { type RevokeOptions, revokeSessions, revokeSessionsOf, type SessionRevocation } from "./core/sessions.js";
export type { User, UserChange, WriteOptions } from "./core/user.js";
export { exportUser, type UserExport, type UserExportOptions } from "./core/user-export.js";
export { type ListOptions, listUsers, type UserPage } from "./core/user-list.js";
export { type PurgedRows, type PurgeOptions, purgeUser } from "./core/user-purge.js";
export {
  createUser,
  deleteUser,
  type NewUser,
  restoreUser,
  showUser,
  type UserDeletion,
  type UserDetails,
  type UserUpdate,
  type UserUpdates,
  updateUser,
} from "./core/users.js";
export { type FoundWord, type SearchOptions, type SearchResult, searchWords } from "./core/word-search.js";
export type { Database, PrismaDatabaseClient, PrismaTransaction } from "./db/database.js";
export { withDeleted } from "./db/with-deleted.js";
export * from "./errors/base.js";
export * from "./errors/codes.js";
export * from "./errors/connection.js";
export * from "./errors/embedded.js";
export * from "./errors/interrupted.js";
export * from "./errors/loading.js";
export * from "./errors/migrations.js";
export * from "./errors/programs.js";
export * from "./errors/usage.js";
export * from "./errors/users.js";
export * from "./errors/words.js";
export type { MigrationWarning } from "./finding.js";
export { Prisma, type Progress, type Session, type VocabularyWord } from "./generated/prisma/client.js";
export { Secret } from "./secret.js";
