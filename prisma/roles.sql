-- Three roles that logins can be members of; docs/security.md says what each may do.
--
--   vocabdb_owner    owns the tables, and so may migrate
--   vocabdb_writer   runs the daily commands
--   vocabdb_reader   reads, but for the hashes of passwords and tokens
--
-- Run it after `vocabdb migrate`: the first time as an administrator, and again after each later migration, as a
-- member of vocabdb_owner or an administrator. It works in the first schema of the search path, in one transaction,
-- and what is as it should be stays as it is. Plain SQL, for psql, Supabase's SQL editor and any other client.

BEGIN;

-- Whoever waits for a lock on a table holds up everybody behind.
SET LOCAL lock_timeout = '5s';

DO $$
DECLARE
  tables CONSTANT text[] := ARRAY[
    'users', 'sessions', 'vocabulary_words', 'progress', 'audit_log', 'database_mark', '_prisma_migrations'
  ];
  functions CONSTANT text[] := ARRAY[
    'uuid_v7', 'set_updated_at', 'refuse_delete_of_live_user', 'stamp_audit_log', 'refuse_change_of_audit_log',
    'search_key', 'search_reading', 'search_text', 'search_characters'
  ];
  name text;
  statement text;
BEGIN
  FOREACH name IN ARRAY tables LOOP
    IF to_regclass(format('%I.%I', current_schema(), name)) IS NULL THEN
      RAISE EXCEPTION 'the schema % has no table %', current_schema(), name
        USING HINT = 'Run vocabdb migrate first. For tables in another schema: SET search_path TO that schema.';
    END IF;
  END LOOP;

  FOREACH name IN ARRAY ARRAY['vocabdb_owner', 'vocabdb_writer', 'vocabdb_reader'] LOOP
    IF to_regrole(name) IS NULL THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', name);
    END IF;
  END LOOP;

  -- Only a member can hand tables over to a role.
  IF NOT pg_has_role('vocabdb_owner', 'USAGE') THEN
    GRANT vocabdb_owner TO CURRENT_USER;
  END IF;

  -- Migrations make tables. `migrate status` replays them in a schema of its own, which it rolls back.
  IF NOT has_schema_privilege('vocabdb_owner', current_schema(), 'CREATE') THEN
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO vocabdb_owner', current_schema());
  END IF;
  IF NOT has_database_privilege('vocabdb_owner', current_database(), 'CREATE') THEN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO vocabdb_owner', current_database());
  END IF;

  FOREACH name IN ARRAY ARRAY['vocabdb_writer', 'vocabdb_reader'] LOOP
    IF NOT has_schema_privilege(name, current_schema(), 'USAGE') THEN
      EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), name);
    END IF;
    -- Files are compared with what is there in temporary tables.
    IF NOT has_database_privilege(name, current_database(), 'TEMPORARY') THEN
      EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), name);
    END IF;
  END LOOP;

  FOR statement IN
    SELECT format('ALTER TABLE %s OWNER TO vocabdb_owner', oid::regclass) FROM pg_class
     WHERE relnamespace = quote_ident(current_schema())::regnamespace AND relname = ANY(tables)
       AND relowner <> 'vocabdb_owner'::regrole
    UNION ALL
    SELECT format('ALTER FUNCTION %s OWNER TO vocabdb_owner', oid::regprocedure) FROM pg_proc
     WHERE pronamespace = quote_ident(current_schema())::regnamespace AND proname = ANY(functions)
       AND proowner <> 'vocabdb_owner'::regrole
    UNION ALL
    -- Row level security lets nobody but the owner in. These two get past it; what they may do there is granted.
    SELECT format('CREATE POLICY vocabdb_roles ON %s TO vocabdb_writer, vocabdb_reader USING (true)', c.oid::regclass)
      FROM pg_class AS c
     WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relname = ANY(tables)
       AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'vocabdb_roles')
  LOOP
    EXECUTE statement;
  END LOOP;
END
$$;

-- Whatever else somebody has granted to them.
REVOKE ALL ON users, sessions, vocabulary_words, progress, audit_log, database_mark, _prisma_migrations
  FROM vocabdb_writer, vocabdb_reader;

GRANT SELECT ON vocabulary_words, progress, audit_log, database_mark, _prisma_migrations
  TO vocabdb_writer, vocabdb_reader;

-- Users are soft-deleted by an UPDATE; removing them for good is the owner's.
GRANT SELECT, INSERT, UPDATE ON users TO vocabdb_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO vocabdb_writer;
GRANT INSERT, UPDATE, DELETE ON vocabulary_words, progress TO vocabdb_writer;
-- The history takes new entries only.
GRANT INSERT ON audit_log TO vocabdb_writer;

-- All but password_hash and token_hash.
GRANT SELECT (id, email, display_name, created_at, updated_at, deleted_at, live_id) ON users TO vocabdb_reader;
GRANT SELECT (id, user_id, user_agent, created_at, last_used_at, expires_at, revoked_at, live_user_id) ON sessions
  TO vocabdb_reader;

-- Everybody may call them, unless that was taken away.
GRANT EXECUTE ON FUNCTION uuid_v7(), search_key(text), search_reading(text), search_text(text, text), search_characters(text)
  TO vocabdb_writer, vocabdb_reader;

COMMIT;
