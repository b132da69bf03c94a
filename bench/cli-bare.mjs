// The least that a program can do to ask what `user show` and `progress show` ask: the driver and the same queries.
import pg from "pg";

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
await client.query("BEGIN READ ONLY");
const { rows: users } = await client.query(
  `SELECT u.*, (SELECT count(*) FROM progress AS p WHERE p.user_id = u.id) AS progress,
          (SELECT count(*) FROM sessions AS s WHERE s.user_id = u.id AND s.revoked_at IS NULL) AS sessions
     FROM users AS u WHERE u.email = $1`,
  [process.argv[2]],
);
const { rows: levels } = await client.query(
  `SELECT w.level, count(*) AS words, sum(p.study_count) AS reviews
     FROM progress AS p JOIN vocabulary_words AS w ON w.id = p.word_id
    WHERE p.user_id = $1 GROUP BY 1 ORDER BY 1`,
  [users[0]?.id],
);
await client.query("COMMIT");
console.log(JSON.stringify({ users, levels }, null, 2));
await client.end();
