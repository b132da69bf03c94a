-- Supabase grants every new table to the roles of its API. Row level security keeps the rows from them, but stops
-- neither TRUNCATE nor what the privileges TRIGGER and REFERENCES allow: making every write fail, and every delete.
-- Where a policy lets one of them in, somebody wants it there: then only what no policy can stop is taken back.
DO $$
DECLARE
  granted record;
  unstoppable text := 'TRUNCATE, TRIGGER, REFERENCES';
BEGIN
  IF current_setting('server_version_num')::integer >= 170000 THEN
    unstoppable := unstoppable || ', MAINTAIN';
  END IF;
  FOR granted IN
    SELECT c.oid::regclass AS name, r.rolname AS role,
           EXISTS (SELECT FROM pg_policy AS p
                    WHERE p.polrelid = c.oid AND p.polpermissive AND p.polroles && ARRAY[0::oid, r.oid]) AS is_meant
      FROM pg_class AS c CROSS JOIN pg_roles AS r
     WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
       AND c.relname IN ('users', 'sessions', 'vocabulary_words', 'progress', 'audit_log', 'database_mark', '_prisma_migrations')
       AND c.relkind IN ('r', 'p')
       AND r.rolname IN ('anon', 'authenticated')
  LOOP
    EXECUTE format(
      'REVOKE %s ON %s FROM %I', CASE WHEN granted.is_meant THEN unstoppable ELSE 'ALL' END, granted.name, granted.role
    );
  END LOOP;
END
$$;
