/** Everything held about one person, for an answer to who asks; and all users, as `user import` reads them. */
import { join } from "node:path";
import { Writable } from "node:stream";
import type { PoolClient } from "pg";
import { setting } from "../db/copy.js";
import type { Connection } from "../db/pool.js";
import { mayRead } from "../db/privileges.js";
import { inTransaction } from "../db/transaction.js";
import type { Changes } from "./audit.js";
import { column, type ExportColumn, type ExportFormat, exportRows, text, time } from "./export.js";
import { type OutputOptions, withOutput, withOutputFolder } from "./output.js";
import { findUser, requireVisible } from "./user.js";
import { emailPeriods } from "./user-emails.js";

/** What is held about one person. Times are ISO 8601 in UTC. */
export interface UserExport {
  readonly user: {
    readonly id: string;
    readonly email: string;
    readonly displayName: string | null;
    /** In place of the hash; null where the role may not read that. */
    readonly hasPassword: boolean | null;
    readonly createdAt: string;
    readonly updatedAt: string;
    readonly deletedAt: string | null;
  };
  /** Without what tokens are compared with. */
  readonly sessions: readonly {
    readonly id: string;
    readonly userAgent: string | null;
    readonly createdAt: string;
    readonly lastUsedAt: string | null;
    readonly expiresAt: string;
    readonly revokedAt: string | null;
  }[];
  /** By the natural keys of the words, with their definitions. */
  readonly progress: readonly {
    readonly language: string;
    readonly term: string;
    readonly reading: string;
    readonly sense: string;
    readonly definition: string;
    readonly studyCount: number;
    readonly correctCount: number;
    readonly confidence: number;
    readonly lastStudiedAt: string | null;
    readonly nextReviewAt: string;
    readonly createdAt: string;
    readonly updatedAt: string;
  }[];
  /** What was done to the user, under former emails too; other users whom an entry is about are left out. */
  readonly history: readonly {
    readonly occurredAt: string;
    readonly action: string;
    readonly commandLine: string | null;
    readonly databaseRole: string;
    readonly operator: string | null;
    readonly reason: string | null;
    readonly changes: Changes;
  }[];
}

const PARTS = ["user", "sessions", "progress", "history"] as const satisfies readonly (keyof UserExport)[];

/** Rows by part. */
export type UserExportCounts = Readonly<Record<(typeof PARTS)[number], number>>;

interface Part {
  readonly columns: readonly ExportColumn[];
  readonly source: string;
}

const USER_ID = `${setting("user_id")}::uuid`;

type Sources = Readonly<Record<keyof UserExport, Part>>;

const SOURCES: Sources = {
  user: {
    columns: [
      column("id", "u.id"),
      text("email", "u.email"),
      text("display_name", "u.display_name"),
      // As JSON, so that CSV says true as well, and not t.
      column("has_password", "to_json(u.password_hash IS NOT NULL)"),
      time("created_at", "u.created_at"),
      time("updated_at", "u.updated_at"),
      time("deleted_at", "u.deleted_at"),
    ],
    source: `FROM users AS u WHERE u.id = ${USER_ID}`,
  },
  sessions: {
    columns: [
      column("id", "s.id"),
      text("user_agent", "s.user_agent"),
      time("created_at", "s.created_at"),
      time("last_used_at", "s.last_used_at"),
      time("expires_at", "s.expires_at"),
      time("revoked_at", "s.revoked_at"),
    ],
    source: `FROM sessions AS s WHERE s.user_id = ${USER_ID} ORDER BY s.created_at, s.id`,
  },
  progress: {
    columns: [
      column("language", "w.language"),
      text("term", "w.term"),
      text("reading", "w.reading"),
      text("sense", "w.sense"),
      text("definition", "w.definition"),
      column("study_count", "p.study_count"),
      column("correct_count", "p.correct_count"),
      column("confidence", "p.confidence"),
      time("last_studied_at", "p.last_studied_at"),
      time("next_review_at", "p.next_review_at"),
      time("created_at", "p.created_at"),
      time("updated_at", "p.updated_at"),
    ],
    source: `FROM progress AS p
             JOIN vocabulary_words AS w ON w.id = p.word_id
            WHERE p.user_id = ${USER_ID}
            ORDER BY w.language, w.term COLLATE "C", w.reading COLLATE "C", w.sense COLLATE "C"`,
  },
  history: {
    columns: [
      time("occurred_at", "a.occurred_at"),
      column("action", "a.action"),
      text("command_line", "a.command_line"),
      text("database_role", "a.database_role"),
      text("operator", "a.operator"),
      text("reason", "a.reason"),
      column("changes", "a.changes"),
    ],
    source: `FROM jsonb_to_recordset(${setting("emails")}::jsonb)
                    AS known (email text, since timestamptz, until timestamptz)
             JOIN audit_log AS a ON a.subjects @> ARRAY[known.email]
              AND a.occurred_at > COALESCE(known.since, '-infinity')
              AND a.occurred_at <= COALESCE(known.until, 'infinity')
            ORDER BY a.occurred_at, a.id`,
  },
};

/** For a role that may not read hashes. */
const WITHOUT_HASH: Sources = {
  ...SOURCES,
  user: {
    ...SOURCES.user,
    columns: SOURCES.user.columns.map((each) => (each.name === "has_password" ? column(each.name, "NULL") : each)),
  },
};

export interface UserExportOptions {
  /** Exports a soft-deleted user too. */
  readonly deleted?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * As one document, in memory: it holds what one person has learned, and not more.
 *
 * @throws {UserNotFoundError} @throws {UserDeletedError}
 */
export async function exportUser(
  connection: Connection,
  email: string,
  options: UserExportOptions = {},
): Promise<UserExport> {
  return inSnapshotOf(connection, email, options, async (client, sources, settings) => {
    const rowsOf = <T>(part: keyof UserExport): Promise<T[]> => readRows<T>(client, sources[part], settings);
    const users = await rowsOf<UserExport["user"]>("user");
    return {
      // It was found in the same snapshot.
      user: users[0] as UserExport["user"],
      sessions: await rowsOf("sessions"),
      progress: await rowsOf("progress"),
      history: await rowsOf("history"),
    };
  });
}

export interface UserFilesOptions extends UserExportOptions, Omit<OutputOptions, "path" | "force"> {
  /** The folder; made for the export. */
  readonly path: string;
  readonly escapeFormulas?: boolean;
}

/** As a folder with a CSV file of each part. @throws {FileError} when the folder exists; as {@link exportUser} */
export async function exportUserFiles(
  connection: Connection,
  email: string,
  options: UserFilesOptions,
): Promise<UserExportCounts> {
  const { path, cwd, stdout, escapeFormulas = false, signal } = options;
  return withOutputFolder({ path, cwd }, (folder) =>
    inSnapshotOf(connection, email, options, async (client, sources, settings) => {
      const counts = { user: 0, sessions: 0, progress: 0, history: 0 };
      for (const part of PARTS) {
        const file = { path: join(folder, `${part}.csv`), cwd, stdout, force: false };
        counts[part] = await withOutput(file, (sink) =>
          exportRows(client, sink, { ...sources[part], settings, format: "csv", escapeFormulas, signal }),
        );
      }
      return counts;
    }),
  );
}

type Settings = Readonly<Record<string, string>>;

/** All parts as they are at one moment. */
async function inSnapshotOf<T>(
  connection: Connection,
  email: string,
  { deleted = false, signal }: UserExportOptions,
  work: (client: PoolClient, sources: Sources, settings: Settings) => Promise<T>,
): Promise<T> {
  return inTransaction(connection, { readOnly: true, signal }, async (client) => {
    const user = await findUser(client, email);
    requireVisible(user, deleted);
    const emails = await emailPeriods(client, user.email);
    const sources = (await mayRead(client, "users", "password_hash")) ? SOURCES : WITHOUT_HASH;
    return work(client, sources, { user_id: user.id, emails: JSON.stringify(emails) });
  });
}

/** @template T what the part's columns are in JSON */
async function readRows<T>(client: PoolClient, part: Part, settings: Settings): Promise<T[]> {
  const chunks: Buffer[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk);
      done();
    },
  });
  await exportRows(client, sink, { ...part, settings, format: "ndjson" });
  const lines = Buffer.concat(chunks).toString("utf8").split("\n");
  return lines.filter((line) => line !== "").map((line): T => JSON.parse(line));
}

export interface UsersExportOptions extends UserExportOptions {
  readonly format: ExportFormat;
  readonly escapeFormulas?: boolean;
}

/** All users by email, as `user import` reads them. @returns how many they are */
export async function exportUsers(
  connection: Connection,
  sink: NodeJS.WritableStream,
  { deleted = false, signal, format, escapeFormulas = false }: UsersExportOptions,
): Promise<number> {
  const columns = [
    text("email", "u.email"),
    text("display_name", "u.display_name"),
    time("created_at", "u.created_at"),
    time("deleted_at", "u.deleted_at"),
  ];
  // By code point, so that the file is the same from every database.
  const source = `FROM users AS u ${deleted ? "" : "WHERE u.deleted_at IS NULL"} ORDER BY u.email COLLATE "C"`;
  return inTransaction(connection, { readOnly: true, signal }, (client) =>
    exportRows(client, sink, { columns, source, format, escapeFormulas, signal }),
  );
}
