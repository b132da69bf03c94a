/** What readers through Prisma see of deleted users: nothing, unless they ask. */
import { describe, expect } from "vitest";
import { readDatamodel } from "../../src/core/migration-files.js";
import type { PrismaTransaction } from "../../src/db/database.js";
import { hideDeleted, RELATIONS } from "../../src/db/soft-delete.js";
import { withDeleted } from "../../src/db/with-deleted.js";
import { VocabdbError } from "../../src/errors/base.js";
import { Prisma } from "../../src/generated/prisma/client.js";
import { it as base } from "../support/database.js";

/** A user with one session and progress on one word that both users learn. */
interface Person {
  readonly email: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly wordId: string;
}

interface People {
  readonly live: Person;
  readonly gone: Person;
}

const it = base.extend<{ people: People }>({
  people: async ({ db }, use) => {
    await db.query(`
      INSERT INTO users (email, deleted_at) VALUES ('live@example.org', NULL), ('gone@example.org', '2026-05-01Z');
      INSERT INTO vocabulary_words (language, term, definition) VALUES ('de', 'Haus', 'house');
      INSERT INTO sessions (user_id, token_hash, expires_at, revoked_at)
        SELECT id, encode(sha256(convert_to(email, 'UTF8')), 'hex'), '2100-01-01Z', deleted_at FROM users;
      INSERT INTO progress (user_id, word_id, study_count) SELECT u.id, w.id, 1 FROM users u, vocabulary_words w`);
    const rows = await db.query<Person & { is_live: boolean }>(`
      SELECT u.deleted_at IS NULL AS is_live, u.email,
             u.id AS "userId", s.id AS "sessionId", p.word_id AS "wordId"
        FROM users u JOIN sessions s ON s.user_id = u.id JOIN progress p ON p.user_id = u.id`);
    const live = rows.find((row) => row.is_live);
    const gone = rows.find((row) => !row.is_live);
    if (live === undefined || gone === undefined) {
      throw new Error("the rows of this test are not as expected");
    }
    await use({ live, gone });
  },
});

interface Extra {
  readonly user: Pick<Prisma.UserWhereInput, "deletedAt" | "OR" | "NOT">;
  /** For sessions and progress. */
  readonly owned: { readonly user?: Prisma.UserScalarRelationFilter | Prisma.UserWhereInput };
}

type Read = (prisma: PrismaTransaction, person: Person, extra: Extra) => Promise<unknown>;

const byUser = ({ userId }: Person, { owned }: Extra) => ({ userId, ...owned });
const bySession = ({ sessionId: id }: Person, { owned }: Extra) => ({ id, ...owned });
const byEmail = ({ email }: Person, { user }: Extra) => ({ email, ...user });
const byWord = ({ userId, wordId }: Person, { owned }: Extra) => ({ userId_wordId: { userId, wordId }, ...owned });

/** Every read that Prisma offers, asking for one person's row. */
const READS: Readonly<Record<string, Readonly<Record<string, Read>>>> = {
  user: {
    findUnique: (prisma, ...who) => prisma.user.findUnique({ where: byEmail(...who) }),
    findUniqueOrThrow: (prisma, ...who) => prisma.user.findUniqueOrThrow({ where: byEmail(...who) }),
    findFirst: (prisma, ...who) => prisma.user.findFirst({ where: byEmail(...who) }),
    findFirstOrThrow: (prisma, ...who) => prisma.user.findFirstOrThrow({ where: byEmail(...who) }),
    findMany: (prisma, ...who) => prisma.user.findMany({ where: byEmail(...who) }),
    count: (prisma, ...who) => prisma.user.count({ where: byEmail(...who) }),
    aggregate: (prisma, ...who) => prisma.user.aggregate({ where: byEmail(...who), _count: true }),
    groupBy: (prisma, ...who) => prisma.user.groupBy({ by: "email", where: byEmail(...who) }),
  },
  session: {
    findUnique: (prisma, ...who) => prisma.session.findUnique({ where: bySession(...who) }),
    findUniqueOrThrow: (prisma, ...who) => prisma.session.findUniqueOrThrow({ where: bySession(...who) }),
    findFirst: (prisma, ...who) => prisma.session.findFirst({ where: byUser(...who) }),
    findFirstOrThrow: (prisma, ...who) => prisma.session.findFirstOrThrow({ where: byUser(...who) }),
    findMany: (prisma, ...who) => prisma.session.findMany({ where: byUser(...who) }),
    count: (prisma, ...who) => prisma.session.count({ where: byUser(...who) }),
    aggregate: (prisma, ...who) => prisma.session.aggregate({ where: byUser(...who), _count: true }),
    groupBy: (prisma, ...who) => prisma.session.groupBy({ by: "userId", where: byUser(...who) }),
  },
  progress: {
    findUnique: (prisma, ...who) => prisma.progress.findUnique({ where: byWord(...who) }),
    findUniqueOrThrow: (prisma, ...who) => prisma.progress.findUniqueOrThrow({ where: byWord(...who) }),
    findFirst: (prisma, ...who) => prisma.progress.findFirst({ where: byUser(...who) }),
    findFirstOrThrow: (prisma, ...who) => prisma.progress.findFirstOrThrow({ where: byUser(...who) }),
    findMany: (prisma, ...who) => prisma.progress.findMany({ where: byUser(...who) }),
    count: (prisma, ...who) => prisma.progress.count({ where: byUser(...who) }),
    aggregate: (prisma, ...who) => prisma.progress.aggregate({ where: byUser(...who), _count: true }),
    groupBy: (prisma, ...who) => prisma.progress.groupBy({ by: "userId", where: byUser(...who) }),
  },
};

const EACH_READ = Object.entries(READS).flatMap(([model, operations]) =>
  Object.entries(operations).map(([operation, read]) => [`${model}.${operation}`, read] as const),
);

const NOTHING_SAID: Extra = { user: {}, owned: {} };
const WAYS_TO_ASK: readonly Extra[] = [
  { user: withDeleted, owned: { user: withDeleted } },
  { user: { deletedAt: { not: null } }, owned: { user: { deletedAt: { not: null } } } },
  { user: { NOT: [{ deletedAt: null }] }, owned: { user: { is: { deletedAt: { lt: new Date() } } } } },
];

/** How many rows a read came back with. */
async function found(reading: Promise<unknown>): Promise<number> {
  const result = await reading.catch((error: unknown) => {
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2025") {
      return null;
    }
    throw error;
  });
  if (result === null || typeof result === "number") {
    return result ?? 0;
  }
  if (Array.isArray(result)) {
    return result.length;
  }
  const { _count } = result as { _count?: number };
  return _count ?? 1;
}

describe("the list of relations", () => {
  /** Models and their fields, read from the text itself and not from anything generated from it. */
  function modelsOfSchema() {
    const blocks = [...readDatamodel().matchAll(/^model (\w+) \{\n(.*?)^\}/gms)];
    const names = blocks.map(([, name = ""]) => name);
    return blocks.map(([, name = "", body = ""]) => {
      // What the client leaves out it cannot read either.
      const visible = body.replaceAll(/^.* @ignore$/gm, "");
      const fields = [...visible.matchAll(/^ {2}(\w+) +(\w+)(\[\])?/gm)].map(([, field = "", type = "", list]) => ({
        ...{ field, type, list: list !== undefined },
      }));
      return { name, fields, relations: fields.filter(({ type }) => names.includes(type)) };
    });
  }

  it("is that of schema.prisma", () => {
    const relations = modelsOfSchema().map(({ name, relations: fields }) => [
      name,
      Object.fromEntries(fields.map(({ field, type, list }) => [field, { model: type, list }])),
    ]);
    expect(relations.length).toBeGreaterThanOrEqual(4);
    expect(RELATIONS).toEqual(Object.fromEntries(relations));
  });

  it("every model that is soft-deleted or belongs to one that is has its condition", () => {
    const models = modelsOfSchema();
    const softDeleted = models.filter(({ fields }) => fields.some(({ field }) => field === "deletedAt"));
    const owned = models.filter(({ relations }) => relations.some(({ type, list }) => type === "User" && !list));
    expect(softDeleted.map(({ name }) => name)).toEqual(["User"]);
    const hidden = models.filter(({ name }) => hideDeleted(name as Prisma.ModelName).where !== undefined);
    expect(hidden).toEqual(models.filter((model) => softDeleted.includes(model) || owned.includes(model)));
  });
});

describe("reading", () => {
  it("every read that Prisma offers is tried below", ({ database }) => {
    for (const [model, operations] of Object.entries(READS)) {
      const offered = Object.keys(Reflect.get(database.prisma, model)).filter((name) =>
        // What ends in Raw is for MongoDB.
        /^(find|count|agg|group)(?!.*Raw$)/.test(name),
      );
      expect(offered.sort(), model).toEqual(Object.keys(operations).sort());
    }
  });

  it.for(EACH_READ)("%s hides deleted users, inside a transaction too", async ([, read], { database, people }) => {
    const { prisma } = database;
    expect(await found(read(prisma, people.gone, NOTHING_SAID))).toBe(0);
    expect(await found(read(prisma, people.live, NOTHING_SAID))).toBe(1);
    await prisma.$transaction(async (transaction) => {
      expect(await found(read(transaction, people.gone, NOTHING_SAID))).toBe(0);
      expect(await found(read(transaction, people.live, NOTHING_SAID))).toBe(1);
    });
  });

  it.for(EACH_READ)("%s finds them when asked, inside a transaction too", async ([, read], { database, people }) => {
    const { prisma } = database;
    for (const extra of WAYS_TO_ASK) {
      const inTransaction = prisma.$transaction((transaction) => found(read(transaction, people.gone, extra)));
      const both = await Promise.all([found(read(prisma, people.gone, extra)), inTransaction]);
      expect(both, JSON.stringify(extra)).toEqual([1, 1]);
    }
  });

  it("without any argument shows live ones only", async ({ database: { prisma }, people }) => {
    expect(await prisma.user.findMany()).toMatchObject([{ email: people.live.email }]);
    expect(await prisma.session.findMany()).toMatchObject([{ id: people.live.sessionId }]);
    expect(await prisma.progress.findMany()).toMatchObject([{ userId: people.live.userId }]);
    expect([await prisma.user.count(), await prisma.session.count(), await prisma.progress.count()]).toEqual([1, 1, 1]);
    expect(await prisma.user.findFirst({ orderBy: { email: "asc" } })).toMatchObject({ email: people.live.email });
  });

  it("as a batch shows live ones only", async ({ database: { prisma }, people }) => {
    const [users, sessions] = await prisma.$transaction([prisma.user.findMany(), prisma.session.count()]);
    expect(users).toMatchObject([{ email: people.live.email }]);
    expect(sessions).toBe(1);
  });

  it("keeps the reader's own conditions", async ({ database: { prisma }, people }) => {
    const AND = [{ userAgent: null }, { revokedAt: null }];
    expect(await prisma.session.findMany({ where: { AND } })).toMatchObject([{ id: people.live.sessionId }]);
    expect(await prisma.session.findMany({ where: { AND: { userAgent: "x" } } })).toEqual([]);
    const OR = [{ email: people.live.email }, { email: people.gone.email }];
    expect(await prisma.user.findMany({ where: { OR } })).toMatchObject([{ email: people.live.email }]);
    expect(await prisma.user.count({ where: { NOT: { email: people.live.email } } })).toBe(0);
  });
});

describe("reading through relations", () => {
  it("words show the progress of live users only", async ({ database: { prisma }, people }) => {
    const expected = [{ progress: [{ userId: people.live.userId }] }];
    expect(await prisma.vocabularyWord.findMany({ include: { progress: true } })).toMatchObject(expected);
    expect(await prisma.vocabularyWord.findMany({ select: { progress: true } })).toMatchObject(expected);
    expect(
      await prisma.vocabularyWord.findMany({
        select: {
          term: true,
          progress: { where: { studyCount: 1 }, select: { userId: true }, orderBy: { userId: "desc" } },
        },
      }),
    ).toEqual([{ term: "Haus", ...expected[0] }]);
  });

  it("words count the progress of live users only", async ({ database: { prisma }, people: { live } }) => {
    const expected = { _count: { progress: 1 } };
    const word = { id: live.wordId };
    expect(await prisma.vocabularyWord.findFirst({ where: word, include: { _count: true } })).toMatchObject(expected);
    expect(
      await prisma.vocabularyWord.findUnique({ where: word, select: { _count: { select: { progress: true } } } }),
    ).toEqual(expected);
    const where = { studyCount: 1 };
    expect(await prisma.vocabularyWord.findFirst({ select: { _count: { select: { progress: { where } } } } })).toEqual(
      expected,
    );
    expect(await prisma.progress.findFirst({ select: { word: { select: { _count: true } } } })).toEqual({
      word: expected,
    });
  });

  it("words show and count all progress when asked", async ({ database: { prisma }, people: { live, gone } }) => {
    const where = { user: withDeleted };
    const word = await prisma.vocabularyWord.findFirst({
      select: { progress: { where }, _count: { select: { progress: { where } } } },
    });
    expect(word?.progress.map(({ userId }) => userId).sort()).toEqual([live.userId, gone.userId].sort());
    expect(word?._count.progress).toBe(2);
  });

  it("one user's words show the progress of live users only", async ({ database: { prisma }, people }) => {
    const word = { include: { word: { include: { progress: true, _count: true } } } };
    const expected = [{ word: { progress: [{ userId: people.live.userId }], _count: { progress: 1 } } }];
    const user = await prisma.user.findFirst({ include: { progress: word } });
    expect(user?.progress).toMatchObject(expected);
    const session = await prisma.session.findFirst({ include: { user: { include: { progress: word } } } });
    expect(session?.user.progress).toMatchObject(expected);
    expect(await prisma.progress.findMany(word)).toMatchObject(expected);
  });

  it("a deleted user, once asked for, comes with sessions and progress", async ({ database: { prisma }, people }) => {
    const { email } = people.gone;
    const user = await prisma.user.findUnique({
      where: { email, ...withDeleted },
      include: { sessions: true, progress: true, _count: true },
    });
    expect(user).toMatchObject({
      sessions: [{ id: people.gone.sessionId }],
      progress: [{ wordId: people.gone.wordId }],
      _count: { sessions: 1, progress: 1 },
    });
  });

  it("chained calls hide what the calls themselves would", async ({ database: { prisma }, people: { live, gone } }) => {
    expect(await prisma.vocabularyWord.findUnique({ where: { id: gone.wordId } }).progress()).toMatchObject([
      { userId: live.userId },
    ]);
    expect(await prisma.session.findUnique({ where: { id: gone.sessionId } }).user()).toBeNull();
    expect(await prisma.session.findUnique({ where: { id: live.sessionId } }).user()).toMatchObject({
      id: live.userId,
    });
    expect(await prisma.user.findUnique({ where: { email: gone.email } }).sessions()).toBeNull();
  });
});

describe("writing", () => {
  it("reaches deleted users like all others", async ({ database: { prisma }, people: { gone } }) => {
    expect(await prisma.user.update({ where: { email: gone.email }, data: { displayName: "Gone" } })).toMatchObject({
      ...{ id: gone.userId, displayName: "Gone" },
    });
    expect(await prisma.user.updateMany({ data: { displayName: "All" } })).toEqual({ count: 2 });
    expect(await prisma.session.updateMany({ data: { userAgent: "x" } })).toEqual({ count: 2 });
    expect(await prisma.progress.updateManyAndReturn({ data: { studyCount: 5 } })).toHaveLength(2);
    const { email } = gone;
    const upserted = await prisma.user.upsert({ where: { email }, create: { email }, update: { displayName: "Up" } });
    expect(upserted).toMatchObject({ id: gone.userId, displayName: "Up" });
  });

  it("removes a deleted user and what hangs on it", async ({ database: { prisma }, db, people: { live, gone } }) => {
    expect(await prisma.session.deleteMany({ where: { userId: gone.userId } })).toEqual({ count: 1 });
    expect(await prisma.user.delete({ where: { email: gone.email } })).toMatchObject({ id: gone.userId });
    expect(await db.query("SELECT email FROM users")).toEqual([{ email: live.email }]);
    expect(await db.query("SELECT user_id FROM progress")).toEqual([{ user_id: live.userId }]);
  });

  it("refuses to remove a live user, whichever way", async ({ database: { prisma }, db, people: { live } }) => {
    const refusal = { code: "CONSTRAINT_VIOLATED", exitCode: 5, message: expect.stringContaining("is live") };
    const where = { email: live.email };
    await expect(prisma.user.delete({ where })).rejects.toMatchObject(refusal);
    await expect(prisma.user.deleteMany({ where })).rejects.toMatchObject(refusal);
    await expect(prisma.user.deleteMany()).rejects.toMatchObject(refusal);
    await expect(prisma.$transaction((transaction) => transaction.user.delete({ where }))).rejects.toMatchObject(
      refusal,
    );
    await expect(prisma.$transaction([prisma.user.delete({ where })])).rejects.toMatchObject(refusal);
    expect(await db.query("SELECT FROM users")).toHaveLength(2);
  });

  it.for<{ code: string; what: string; fail: (prisma: PrismaTransaction, people: People) => Promise<unknown> }>([
    {
      ...{ code: "CONSTRAINT_VIOLATED", what: "removing a live user" },
      fail: ({ user }, { live: { email } }) => user.delete({ where: { email } }),
    },
    {
      ...{ code: "EMAIL_TAKEN", what: "an email that a live user has" },
      fail: ({ user }, { live: { email } }) => user.create({ data: { email } }),
    },
    {
      ...{ code: "EMAIL_TAKEN", what: "an email that a deleted user has" },
      fail: ({ user }, { gone: { email } }) => user.create({ data: { email } }),
    },
    {
      ...{ code: "CONSTRAINT_VIOLATED", what: "an email that is none" },
      fail: ({ user }) => user.create({ data: { email: "not an email" } }),
    },
    {
      ...{ code: "CONSTRAINT_VIOLATED", what: "removing a word that is learned" },
      fail: ({ vocabularyWord }, { live: { wordId: id } }) => vocabularyWord.delete({ where: { id } }),
    },
  ])("$what fails as $code, with Prisma's error as its cause", async ({ code, fail }, { database, people }) => {
    const { prisma } = database;
    const inTransaction = prisma.$transaction((transaction) => fail(transaction, people));
    const failures = await Promise.allSettled([fail(prisma, people), inTransaction]);
    expect(failures).toMatchObject(
      Array(2).fill({ status: "rejected", reason: { code, cause: { name: expect.stringMatching(/^PrismaClient/) } } }),
    );
    for (const failure of failures) {
      expect(failure.status === "rejected" && failure.reason).toBeInstanceOf(VocabdbError);
    }
  });
});
