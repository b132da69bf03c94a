-- The record of every change, no live session of a deleted user by constraint, words found by any of
-- their spellings, and the indexes that lists of people need.

-- ── History ──────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE audit_log (
  id            uuid           NOT NULL DEFAULT uuid_v7(),
  occurred_at   timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  action        text           NOT NULL,
  command_line  text,
  database_role text           NOT NULL DEFAULT session_user,
  operator      text,
  reason        text,
  subjects      text[]         NOT NULL DEFAULT '{}',
  changes       jsonb          NOT NULL,

  CONSTRAINT audit_log_pkey PRIMARY KEY (id),
  CONSTRAINT audit_log_lengths CHECK (
    length(action) BETWEEN 1 AND 100 AND length(command_line) <= 4000 AND length(operator) <= 500
    AND length(reason) BETWEEN 1 AND 1000
  ),
  CONSTRAINT audit_log_changes_object CHECK (jsonb_typeof(changes) = 'object')
);

CREATE INDEX audit_log_occurred_at_id_idx ON audit_log (occurred_at, id);
-- Entries are read by whom they are about as soon as they are written: no pending list.
CREATE INDEX audit_log_subjects_idx ON audit_log USING gin (subjects) WITH (fastupdate = off);

-- Time and role are the server's word, whatever a client says.
CREATE FUNCTION stamp_audit_log() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  NEW.occurred_at := clock_timestamp();
  NEW.database_role := session_user;
  RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_audit_log() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  RAISE EXCEPTION 'audit_log is append-only'
    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_log_append_only', TABLE = 'audit_log';
END
$$;

CREATE TRIGGER audit_log_stamp BEFORE INSERT ON audit_log
  FOR EACH ROW EXECUTE FUNCTION stamp_audit_log();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log();

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;

-- ── A deleted user has no live session ───────────────────────────────────────────────────────────

-- A session that is not revoked refers to its user a second time, by a key that only live users have.
-- Being a foreign key, this holds between transactions at any isolation level; a trigger that looks for
-- sessions does not see those that another transaction is about to commit. Deferred, so that a transaction
-- may delete the user and revoke the sessions in either order.
UPDATE sessions SET revoked_at = CURRENT_TIMESTAMP
 WHERE revoked_at IS NULL AND user_id IN (SELECT id FROM users WHERE deleted_at IS NOT NULL);

ALTER TABLE users ADD COLUMN live_id uuid
  GENERATED ALWAYS AS (CASE WHEN deleted_at IS NULL THEN id END) STORED;
ALTER TABLE sessions ADD COLUMN live_user_id uuid
  GENERATED ALWAYS AS (CASE WHEN revoked_at IS NULL THEN user_id END) STORED;

CREATE UNIQUE INDEX users_live_id_key ON users (live_id);
CREATE INDEX sessions_live_user_id_idx ON sessions (live_user_id);
ALTER TABLE sessions ADD CONSTRAINT sessions_live_user_id_fkey
  FOREIGN KEY (live_user_id) REFERENCES users (live_id) ON DELETE NO ACTION ON UPDATE NO ACTION
  DEFERRABLE INITIALLY DEFERRED;

-- ── Lists of people ──────────────────────────────────────────────────────────────────────────────

CREATE INDEX users_created_at_id_idx ON users (created_at, id);
CREATE INDEX users_domain_idx ON users (split_part(email, '@', 2), email);
-- For pruning: when a session came to its end.
CREATE INDEX sessions_ended_at_idx ON sessions (LEAST(expires_at, revoked_at));

-- ── Words by any spelling ────────────────────────────────────────────────────────────────────────

-- Without case, width, tones and other combining diacritics (U+0300 to U+036F), spaces and apostrophes.
-- Marks of other scripts tell letters apart and stay: が is not か. Bounded, as one character may become
-- eighteen and a btree entry has 2704 bytes.
CREATE FUNCTION search_key(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN left(
  lower(normalize(regexp_replace(normalize($1, NFKD), '[\u0300-\u036f\s''’ʼ`·.-]+', '', 'g'), NFC)), 200
);

-- Readings are also written with the number of the tone: ni3 hao3.
CREATE FUNCTION search_reading(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(search_key($1), '0123456789', '');

CREATE FUNCTION search_text(term text, reading text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN search_key(term) || '/' || search_reading(reading);

-- Each character beyond ASCII by itself: in scripts where a word has one or two, trigrams find nothing.
CREATE FUNCTION search_characters(text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN string_to_array(regexp_replace($1, '[\u0001-\u007f]+', '', 'g'), NULL);

-- The language stands in each of them, so that a search in a small language does not meet the words of all.
CREATE INDEX vocabulary_words_term_key_idx ON vocabulary_words (search_key(term) COLLATE "C", language);
CREATE INDEX vocabulary_words_reading_key_idx ON vocabulary_words (search_reading(reading) COLLATE "C", language);
CREATE INDEX vocabulary_words_language_level_category_idx ON vocabulary_words (language, level, category);

DO $$
DECLARE
  trgm_schema text;
BEGIN
  SELECT n.nspname INTO STRICT trgm_schema
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
   WHERE e.extname = 'pg_trgm';
  EXECUTE format(
    'CREATE INDEX vocabulary_words_search_idx ON vocabulary_words USING gin (
       search_text(term, reading) %I.gin_trgm_ops, search_characters(search_text(term, reading)), (ARRAY[language])
     ) WITH (fastupdate = off)',
    trgm_schema
  );
END
$$;
