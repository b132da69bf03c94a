/** What a database is made of, without its rows. */
import type { TestDatabase } from "./database.js";

/** Equal only if no table, column, index, constraint, function, trigger, policy, schema or extension has come, gone or changed. */
export function schemaOf(db: TestDatabase): Promise<Record<string, unknown>[]> {
  return db.query(`
    SELECT 'relation' AS what, c.oid::regclass || ' ' || c.relkind::text AS name,
           concat_ws(' ', c.relrowsecurity, c.relacl, (SELECT string_agg(a.attname || ' ' || a.atttypid::regtype, ', ' ORDER BY a.attnum)
                                              FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)) AS definition
      FROM pg_class AS c WHERE c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
    UNION ALL SELECT 'constraint', conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
               WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgrelid::regclass || ' ' || tgname, pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger
    UNION ALL SELECT 'function', p.oid::regprocedure::text, md5(p.prosrc) FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'policy', polrelid::regclass || ' ' || polname, pg_get_expr(polqual, polrelid) FROM pg_policy
    UNION ALL SELECT 'schema', nspname, nspacl::text FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'
    UNION ALL SELECT 'extension', extname, extversion FROM pg_extension
    ORDER BY 1, 2`);
}
