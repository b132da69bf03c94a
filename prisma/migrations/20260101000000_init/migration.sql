-- Users, sessions, words and progress, with every rule that can be written down in the database
-- itself, so that psql, a table editor or another client cannot break it.
-- Names are unqualified on purpose: the tables go to the schema that the connection works in.

-- Keys sort by time of creation, which keeps index inserts at one end of the index (RFC 9562, UUIDv7).
-- PostgreSQL has a built-in one only from version 18.
CREATE FUNCTION uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
AS $$
  SELECT pg_catalog.encode(
    pg_catalog.set_bit(
      pg_catalog.set_bit(
        pg_catalog.overlay(
          pg_catalog.uuid_send(pg_catalog.gen_random_uuid()),
          pg_catalog.substring(
            pg_catalog.int8send((EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()) * 1000)::bigint), 3
          ),
          1, 6
        ),
        52, 1
      ),
      53, 1
    ),
    'hex'
  )::uuid
$$;

CREATE FUNCTION set_updated_at() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END
$$;

-- Users are soft-deleted first: a row that is still live can be removed by nobody.
CREATE FUNCTION refuse_delete_of_live_user() RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $$
BEGIN
  IF OLD.deleted_at IS NULL THEN
    RAISE EXCEPTION 'user % is live and cannot be removed', OLD.email
      USING ERRCODE = 'restrict_violation',
            CONSTRAINT = 'users_soft_delete_first',
            TABLE = 'users',
            HINT = 'Set deleted_at first (vocabdb user delete).';
  END IF;
  RETURN OLD;
END
$$;

CREATE TABLE users (
  id            uuid           NOT NULL DEFAULT uuid_v7(),
  email         text           NOT NULL,
  display_name  text,
  password_hash text,
  created_at    timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at    timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  deleted_at    timestamptz(3),

  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_email_length CHECK (length(email) <= 254 AND strpos(email, '@') <= 65),
  -- Trimmed, lower-case and of the shape local@domain.tld: only those characters match.
  CONSTRAINT users_email_shape CHECK (
    email COLLATE "C" ~ '^[a-z0-9!#$%&''*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&''*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$'
  ),
  CONSTRAINT users_display_name_trimmed CHECK (display_name = btrim(display_name) AND length(display_name) BETWEEN 1 AND 200),
  CONSTRAINT users_password_hash_argon2id CHECK (password_hash LIKE '$argon2id$%')
);

CREATE UNIQUE INDEX users_email_key ON users (email);
-- For `user list --deleted`: deleted users are few among many.
CREATE INDEX users_deleted_email_idx ON users (email) WHERE deleted_at IS NOT NULL;

CREATE TABLE sessions (
  id           uuid           NOT NULL DEFAULT uuid_v7(),
  user_id      uuid           NOT NULL,
  token_hash   text           NOT NULL,
  user_agent   text,
  created_at   timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  last_used_at timestamptz(3),
  expires_at   timestamptz(3) NOT NULL,
  revoked_at   timestamptz(3),

  CONSTRAINT sessions_pkey PRIMARY KEY (id),
  CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE NO ACTION,
  CONSTRAINT sessions_token_hash_sha256 CHECK (token_hash ~ '^[0-9a-f]{64}$'),
  CONSTRAINT sessions_expire_after_creation CHECK (expires_at > created_at)
);

CREATE UNIQUE INDEX sessions_token_hash_key ON sessions (token_hash);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

CREATE TABLE vocabulary_words (
  id             uuid           NOT NULL DEFAULT uuid_v7(),
  language       text           NOT NULL,
  term           text           NOT NULL,
  reading        text           NOT NULL DEFAULT '',
  sense          text           NOT NULL DEFAULT '',
  definition     text           NOT NULL,
  part_of_speech text,
  level          text,
  category       text,
  example        text,
  created_at     timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at     timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

  CONSTRAINT vocabulary_words_pkey PRIMARY KEY (id),
  CONSTRAINT vocabulary_words_language_tag CHECK (language ~ '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$' AND length(language) <= 35),
  -- The limits keep the natural key below the 2704 bytes that a btree entry may have.
  CONSTRAINT vocabulary_words_term CHECK (term <> '' AND term = btrim(term) AND length(term) <= 255 AND term IS NFC NORMALIZED),
  CONSTRAINT vocabulary_words_reading CHECK (reading = btrim(reading) AND length(reading) <= 255 AND reading IS NFC NORMALIZED),
  CONSTRAINT vocabulary_words_sense CHECK (sense = btrim(sense) AND length(sense) <= 100 AND sense IS NFC NORMALIZED),
  CONSTRAINT vocabulary_words_definition CHECK (definition <> '' AND length(definition) <= 4000),
  CONSTRAINT vocabulary_words_labels CHECK (length(part_of_speech) BETWEEN 1 AND 100 AND length(level) BETWEEN 1 AND 100 AND length(category) BETWEEN 1 AND 100),
  CONSTRAINT vocabulary_words_example CHECK (length(example) BETWEEN 1 AND 4000)
);

CREATE UNIQUE INDEX vocabulary_words_language_term_reading_sense_key ON vocabulary_words (language, term, reading, sense);

CREATE TABLE progress (
  user_id         uuid             NOT NULL,
  word_id         uuid             NOT NULL,
  study_count     integer          NOT NULL DEFAULT 0,
  correct_count   integer          NOT NULL DEFAULT 0,
  confidence      double precision NOT NULL DEFAULT 0,
  last_studied_at timestamptz(3),
  next_review_at  timestamptz(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP,
  created_at      timestamptz(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at      timestamptz(3)   NOT NULL DEFAULT CURRENT_TIMESTAMP,

  CONSTRAINT progress_pkey PRIMARY KEY (user_id, word_id),
  CONSTRAINT progress_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE ON UPDATE NO ACTION,
  -- A word that somebody has learned cannot be deleted under them.
  CONSTRAINT progress_word_id_fkey FOREIGN KEY (word_id) REFERENCES vocabulary_words (id) ON DELETE RESTRICT ON UPDATE NO ACTION,
  CONSTRAINT progress_counts CHECK (0 <= correct_count AND correct_count <= study_count),
  -- NaN sorts above every number, so this refuses it too.
  CONSTRAINT progress_confidence CHECK (0 <= confidence AND confidence <= 1)
);

CREATE INDEX progress_user_id_next_review_at_idx ON progress (user_id, next_review_at);
-- For the foreign key: without it, deleting one word reads all progress.
CREATE INDEX progress_word_id_idx ON progress (word_id);

CREATE TRIGGER users_set_updated_at BEFORE UPDATE ON users
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER vocabulary_words_set_updated_at BEFORE UPDATE ON vocabulary_words
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER progress_set_updated_at BEFORE UPDATE ON progress
  FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER users_refuse_delete_of_live BEFORE DELETE ON users
  FOR EACH ROW EXECUTE FUNCTION refuse_delete_of_live_user();

-- Substring search over users. Supabase keeps extensions in a schema of their own, and the operator
-- class has to be named with the schema the extension really is in.
DO $$
DECLARE
  trgm_schema text;
BEGIN
  IF to_regnamespace('extensions') IS NOT NULL THEN
    CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA extensions;
  ELSE
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
  END IF;
  SELECT n.nspname INTO STRICT trgm_schema
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
   WHERE e.extname = 'pg_trgm';
  EXECUTE format(
    -- Users change rarely, so entries go into the index at once and searches never meet a pending list.
    'CREATE INDEX users_search_idx ON users USING gin (email %1$I.gin_trgm_ops, display_name %1$I.gin_trgm_ops) WITH (fastupdate = off)',
    trgm_schema
  );
END
$$;

-- Supabase serves the public schema to the role `anon`: without row level security every password
-- hash could be read from a browser. No policies: only the owner (this tool, the backend) gets in.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE vocabulary_words ENABLE ROW LEVEL SECURITY;
ALTER TABLE progress ENABLE ROW LEVEL SECURITY;
-- Absent in a shadow database, where migrations are replayed without their record.
ALTER TABLE IF EXISTS _prisma_migrations ENABLE ROW LEVEL SECURITY;
