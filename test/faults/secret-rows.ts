/** Secrets of users, and the rows that they are in. */

export const USER_PASSWORD = `us3r's "pass" %word$(id)`;
export const TOKEN = "tok-3f6bd1f9c2a84e07";
/** As `session` rows hold it. */
export const PHC = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$J0b6nYl3tFfWmB7wF3mJ5m0s4lJq0m1y1o1b1a1x1Y4";

/** What is in the database of every case. */
export const ROWS = `
  INSERT INTO users (email, display_name, password_hash) VALUES
    ('ada@example.org', 'Ada', '${PHC}'), ('bob@example.org', 'Bob', '${PHC}');
  UPDATE users SET deleted_at = now() WHERE email = 'bob@example.org';
  INSERT INTO sessions (user_id, token_hash, expires_at)
    SELECT id, encode(sha256('${TOKEN}'), 'hex'), now() + interval '1 day' FROM users WHERE email = 'ada@example.org';
  INSERT INTO vocabulary_words (language, term, reading, definition) VALUES
    ('de', 'Haus', '', 'house'), ('zh', '地', 'dì', 'earth'), ('zh', '地', 'de', 'particle');
  INSERT INTO progress (user_id, word_id, study_count)
    SELECT u.id, w.id, 1 FROM users AS u, vocabulary_words AS w WHERE u.email = 'ada@example.org' AND w.term = 'Haus'`;
