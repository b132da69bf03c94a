/** Checks of the rows themselves: what constraints should make impossible, and what no constraint can. */
import type { FindingId } from "../../finding.js";
import type { CheckContext, DatabaseCheck, DatabaseFinding } from "./check.js";
import { CONSTRAINTS } from "./checks-expected.js";
import { enforced } from "./checks-schema.js";
import { COUNT_LIMIT, finding, inTime, ownTables, quantity } from "./checks-tables.js";

interface Sample {
  /** Of the rows that were found; at most one more than {@link COUNT_LIMIT}. */
  readonly count: number;
  /** One of them, as a person would look for it. */
  readonly example: string | null;
}

/** Names of tables with their schema, as SQL writes them. */
type Tables = Readonly<Record<string, string>>;

interface Question {
  readonly id: FindingId;
  /** Those it reads; where one is not there, nothing is asked. */
  readonly tables: readonly string[];
  /** Constraints and unique indexes that forbid what it looks for: while they hold, no row has to be read. */
  readonly unless?: readonly string[];
  /** The rows in question with a column `example`. */
  readonly rows: (sql: Tables) => string;
  readonly found: (sample: Sample, sql: Tables) => DatabaseFinding;
}

/** The one way of asking: within bounds, and honest about what could not be looked at. */
function ask({ id, tables, unless, rows, found }: Question): DatabaseCheck {
  return dataCheck(id, tables, async (context, sql) => {
    if (unless !== undefined) {
      const holding = await enforced(context, tables);
      if (unless.every((name) => holding.has(name))) {
        return [];
      }
    }
    const { rows: samples } = await context.client.query<Sample>(
      `SELECT count(*)::int AS count, min(example) AS example FROM (${rows(sql)} LIMIT ${COUNT_LIMIT + 1}) AS found`,
    );
    // A line end in the data begins no line of the report.
    const oneLine = (example: string | null): string | null => example?.replaceAll("\n", "\\n") ?? null;
    return samples
      .filter(({ count }) => count > 0)
      .map(({ count, example }) => found({ count, example: oneLine(example) }, sql));
  });
}

function dataCheck(
  id: FindingId,
  tables: readonly string[],
  look: (context: CheckContext, sql: Tables) => Promise<readonly DatabaseFinding[]>,
): DatabaseCheck {
  return {
    stage: "data",
    ids: [id, "data.not-validated"],
    async run(context) {
      const wanted = (await ownTables(context)).filter(({ name }) => tables.includes(name));
      if (wanted.length < tables.length) {
        return [];
      }
      const blind = wanted.filter(({ mayRead, isHidden }) => !mayRead || isHidden);
      if (blind.length > 0) {
        return [notValidated(id, `the role sees no rows of ${blind.map(({ name }) => name).join(" and ")}`, null)];
      }
      const names = Object.fromEntries(wanted.map(({ name, sql }) => [name, sql]));
      const found = await inTime(context, () => look(context, names));
      const patience = "when the server is less busy, with more time: vocabdb db doctor --only data --timeout 60s";
      return (
        found ?? [notValidated(id, `reading ${tables.join(" and ")} takes too long, or waits for a lock`, patience)]
      );
    },
  };
}

const notValidated = (id: FindingId, why: string, fix: string | null): DatabaseFinding =>
  finding("data.not-validated", "info", `${id} was not looked at in full: ${why}`, fix, { unseen: [id] });

const deletedUserSessions = ask({
  id: "data.deleted-user-session",
  tables: ["users", "sessions", "audit_log"],
  rows: ({ users, sessions }) =>
    `SELECT u.email AS example FROM ${users} AS u JOIN ${sessions} AS s ON s.user_id = u.id
      WHERE u.deleted_at IS NOT NULL AND s.revoked_at IS NULL`,
  found: ({ count, example }, { users, sessions }) => {
    // First the users, in the order of their ids, as whoever deletes or restores one: nobody waits in a circle.
    const repair = [
      `SELECT FROM ${users} AS u WHERE deleted_at IS NOT NULL
          AND EXISTS (SELECT FROM ${sessions} WHERE user_id = u.id AND revoked_at IS NULL)
        ORDER BY id FOR NO KEY UPDATE`,
      `UPDATE ${sessions} AS s SET revoked_at = CURRENT_TIMESTAMP
        WHERE revoked_at IS NULL AND user_id IN (SELECT id FROM ${users} WHERE deleted_at IS NOT NULL)
        RETURNING (SELECT email FROM ${users} AS u WHERE u.id = s.user_id) AS subject`,
    ].map((statement) => statement.replace(/\s+/g, " "));
    return finding(
      "data.deleted-user-session",
      "error",
      `${quantity(count, "session")} of deleted users can still be used, such as one of ${example}`,
      `vocabdb db doctor --fix, or: ${repair[1]}`,
      { repair, changes: "sessions" },
    );
  },
});

/** A row that refers to nothing. */
function orphans(table: string, column: string, parent: string): DatabaseCheck {
  const condition = (sql: Tables) =>
    `NOT EXISTS (SELECT FROM ${sql[parent]} AS parent WHERE parent.id = child.${column})`;
  const noun = table === "sessions" ? "session" : "row of progress";
  return ask({
    id: "data.orphans",
    tables: [table, parent],
    rows: (sql) => `SELECT child.${column}::text AS example FROM ${sql[table]} AS child WHERE ${condition(sql)}`,
    found: ({ count, example }, sql) =>
      finding(
        "data.orphans",
        "error",
        `${quantity(count, noun, "rows of progress")} of ${parent} that do not exist, such as ${column} ${example}: foreign keys were switched off while rows were deleted or loaded`,
        `DELETE FROM ${sql[table]} AS child WHERE ${condition(sql)}`,
      ),
  });
}

const duplicateEmail = ask({
  id: "data.duplicate-email",
  tables: ["users"],
  unless: ["users_email_shape", "users_email_key"],
  rows: ({ users }) =>
    `SELECT string_agg(quote_literal(email), ' and ' ORDER BY email) AS example FROM ${users}
      GROUP BY lower(btrim(email, E' \\t\\r\\n')) HAVING count(*) > 1`,
  found: ({ count, example }) =>
    finding(
      "data.duplicate-email",
      "error",
      `${quantity(count, "email")} stored more than once, told apart by case or spaces only, such as ${example}: who signs in is left to chance`,
      "decide which user stays: vocabdb user list, then vocabdb user delete and purge the other",
    ),
});

const violates = (table: string, constraint: string): string =>
  `NOT ${(CONSTRAINTS[table]?.[constraint] ?? "").replace(/^CHECK /, "")}`;

const emailShape = ask({
  id: "data.email-shape",
  tables: ["users"],
  unless: ["users_email_shape"],
  rows: ({ users }) =>
    `SELECT quote_literal(email) AS example FROM ${users} WHERE ${violates("users", "users_email_shape")}`,
  found: ({ count, example }, { users }) =>
    finding(
      "data.email-shape",
      "error",
      `${quantity(count, "email")} not trimmed, lower-case and of the form local@domain.tld, such as ${example}: nobody is found by them`,
      `UPDATE ${users} SET email = lower(btrim(email)) WHERE ${violates("users", "users_email_shape")}`,
    ),
});

const NORMALIZED = ["term", "reading", "sense"];

const wordNotNfc = ask({
  id: "data.word-not-nfc",
  tables: ["vocabulary_words"],
  unless: NORMALIZED.map((column) => `vocabulary_words_${column}`),
  rows: ({ vocabulary_words }) =>
    `SELECT term AS example FROM ${vocabulary_words}
      WHERE ${NORMALIZED.map((column) => `${column} IS NOT NFC NORMALIZED`).join(" OR ")}`,
  found: ({ count, example }, { vocabulary_words }) =>
    finding(
      "data.word-not-nfc",
      "error",
      `${quantity(count, "word")} not in Unicode's composed form (NFC), such as ${example}: seeding does not find them and adds them again`,
      `UPDATE ${vocabulary_words} SET ${NORMALIZED.map((column) => `${column} = normalize(${column})`).join(", ")} WHERE ${NORMALIZED.map((column) => `${column} IS NOT NFC NORMALIZED`).join(" OR ")}`,
    ),
});

/** As it looks: without the width of letters, ligatures and the number of blanks. */
const looks = (column: string): string => `regexp_replace(normalize(${column}, NFKC), '\\s+', ' ', 'g')`;

/** Case alone makes another word (Polish, polish), unless they also mean the same. */
const wordDuplicate = ask({
  id: "data.word-duplicate",
  tables: ["vocabulary_words"],
  rows: ({ vocabulary_words }) =>
    // Nearly all words look like no other: those are left out before anything is put together.
    `WITH word AS (
       SELECT *, lower(look) AS l, lower(sound) AS s, lower(sense) AS e
         FROM (SELECT term, sense, definition, language, ${looks("term")} AS look, ${looks("reading")} AS sound
                 FROM ${vocabulary_words}) AS word
     ), several AS (SELECT language, l, s, e FROM word GROUP BY language, l, s, e HAVING count(*) > 1)
     SELECT string_agg(quote_literal(term), ' and ' ORDER BY term COLLATE "C") AS example
       FROM several JOIN word USING (language, l, s, e)
      GROUP BY language, l, s, e
     HAVING count(DISTINCT (look, sound, sense)) < count(*) OR count(DISTINCT lower(definition)) < count(*)`,
  found: ({ count, example }) =>
    finding(
      "data.word-duplicate",
      "warning",
      `${quantity(count, "word")} stored more than once, told apart by case, width or blanks only, such as ${example}: progress is split between them`,
      "keep one of them: vocabdb word search TERM shows their ids, vocabdb word delete ID removes the other",
    ),
});

const OUT_OF_BOUNDS = ["progress_counts", "progress_confidence"].map((name) => violates("progress", name)).join(" OR ");

const progressBounds = ask({
  id: "data.progress-bounds",
  tables: ["progress"],
  unless: ["progress_counts", "progress_confidence"],
  rows: ({ progress }) =>
    `SELECT format('user_id %s, word_id %s (%s of %s correct, confidence %s)',
                   user_id, word_id, correct_count, study_count, confidence) AS example
       FROM ${progress} WHERE ${OUT_OF_BOUNDS}`,
  found: ({ count, example }, { progress }) =>
    finding(
      "data.progress-bounds",
      "error",
      `${quantity(count, "row")} of progress out of bounds, such as ${example}`,
      `UPDATE ${progress} SET study_count = greatest(study_count, correct_count, 0), correct_count = greatest(correct_count, 0), confidence = CASE WHEN confidence = 'NaN' THEN 0 ELSE least(greatest(confidence, 0), 1) END WHERE ${OUT_OF_BOUNDS}`,
    ),
});

/** A day, as clocks of devices may be off and zones be mixed up. */
const IN_FUTURE = "last_studied_at > CURRENT_TIMESTAMP + interval '1 day' AND isfinite(last_studied_at)";

const studiedInFuture = ask({
  id: "data.progress-in-future",
  tables: ["progress"],
  rows: ({ progress }) =>
    `SELECT format('user_id %s, word_id %s (%s)', user_id, word_id, last_studied_at) AS example
       FROM ${progress} WHERE ${IN_FUTURE}`,
  found: ({ count, example }, { progress }) =>
    finding(
      "data.progress-in-future",
      "warning",
      `${quantity(count, "row")} of progress last studied in the future, such as ${example}`,
      `UPDATE ${progress} SET last_studied_at = CURRENT_TIMESTAMP WHERE ${IN_FUTURE}`,
    ),
});

/** Times come to no end, and to null in JavaScript. The history stamps its times itself. */
const TIMES: Readonly<Record<string, readonly string[]>> = {
  users: ["created_at", "updated_at", "deleted_at"],
  sessions: ["created_at", "last_used_at", "expires_at", "revoked_at"],
  vocabulary_words: ["created_at", "updated_at"],
  progress: ["last_studied_at", "next_review_at", "created_at", "updated_at"],
  database_mark: ["marked_at"],
};

function infiniteTimes(table: string, columns: readonly string[]): DatabaseCheck {
  const infinite = columns.map((column) => `NOT isfinite(${column})`).join(" OR ");
  const finite = (column: string) =>
    `${column} = CASE WHEN NOT isfinite(${column}) THEN CURRENT_TIMESTAMP ELSE ${column} END`;
  return ask({
    id: "data.infinite-time",
    tables: [table],
    rows: (sql) =>
      `SELECT concat_ws(', ', ${columns.map((column) => `CASE WHEN NOT isfinite(${column}) THEN '${column} ' || ${column} END`).join(", ")}) AS example
         FROM ${sql[table]} WHERE ${infinite}`,
    found: ({ count, example }, sql) =>
      finding(
        "data.infinite-time",
        "warning",
        `${quantity(count, "row")} of ${table} with a time that is infinite, such as ${example}: clients read it as no time at all`,
        `UPDATE ${sql[table]} SET ${columns.map(finite).join(", ")} WHERE ${infinite}`,
      ),
  });
}

export const dataChecks: readonly DatabaseCheck[] = [
  deletedUserSessions,
  orphans("sessions", "user_id", "users"),
  orphans("progress", "user_id", "users"),
  orphans("progress", "word_id", "vocabulary_words"),
  duplicateEmail,
  emailShape,
  wordNotNfc,
  wordDuplicate,
  progressBounds,
  studiedInFuture,
  ...Object.entries(TIMES).map(([table, columns]) => infiniteTimes(table, columns)),
];
