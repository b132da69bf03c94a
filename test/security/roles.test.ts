/** prisma/roles.sql: who may run it, that it may be run again, and that nothing else takes offence at what it makes. */
import { describe, expect } from "vitest";
import { readMigrations } from "../../src/core/migration-files.js";
import { resetDatabase } from "../../src/core/migration-reset.js";
import { migrationStatus } from "../../src/core/migration-status.js";
import { deployMigrations } from "../../src/core/migrations.js";
import { listSessions } from "../../src/core/session-list.js";
import { exportUser } from "../../src/core/user-export.js";
import { withConnection } from "../../src/db/pool.js";
import type { Target } from "../../src/db/target.js";
import { Secret } from "../../src/secret.js";
import { examined } from "../doctor/examined.js";
import { it, type TestDatabase, withAdmin, withClient } from "../support/database.js";
import { addPeople } from "../support/people.js";
import { GROUPS, ROLES_SCRIPT, type Role, reserveRoles, withLogin } from "../support/roles.js";
import { bigCsv, counts, indexesOfWords, seed } from "../support/seeding.js";

reserveRoles(GROUPS);

const ADA = { email: "ada@example.org", words: 2, sessions: 1 };

/** Everything that the script decides, and that another run must not change. */
const rightsIn = (db: TestDatabase, schema = "public") =>
  db.query(
    `SELECT c.relname AS name, c.relowner::regrole::text AS owner, c.relacl::text AS acl,
            (SELECT array_agg(a.attname || ' ' || a.attacl::text ORDER BY a.attnum) FROM pg_attribute AS a
              WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL)::text AS columns,
            (SELECT array_agg(p.oid || ' ' || p.polname) FROM pg_policy AS p WHERE p.polrelid = c.oid)::text AS policies
       FROM pg_class AS c WHERE c.relnamespace = to_regnamespace($1) AND c.relkind IN ('r', 'p')
     UNION ALL
     SELECT p.oid::regprocedure::text, p.proowner::regrole::text, p.proacl::text, NULL, NULL
       FROM pg_proc AS p WHERE p.pronamespace = to_regnamespace($1)
        AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
      ORDER BY 1`,
    [schema],
  );

const targetOf = (db: TestDatabase, { name, password }: Role) => ({
  ...db.target,
  user: name,
  password: new Secret(password),
});

/** As docs/security.md has it: what such a login makes belongs to the group. */
async function withDeployer<T>(db: TestDatabase, work: (role: Role) => Promise<T>): Promise<T> {
  return withLogin(db, "IN ROLE vocabdb_owner", async (role) => {
    await withAdmin((admin) => admin.query(`ALTER ROLE ${role.name} SET role = 'vocabdb_owner'`));
    return work(role);
  });
}

const driftOf = async (db: TestDatabase) =>
  (await migrationStatus(db.target)).differences.map(({ kind, name, change }) => `${kind} ${name} ${change}`);

describe("the script", () => {
  it("covers every table and every function of the schema", async ({ db }) => {
    await db.query(ROLES_SCRIPT);
    const rights = await rightsIn(db);
    expect(rights).toHaveLength(16);
    expect(rights.filter(({ owner }) => owner !== "vocabdb_owner")).toEqual([]);
    for (const { name, acl, columns, policies } of rights.filter((each) => !String(each.name).endsWith(")"))) {
      expect(`${acl} ${columns}`, name).toContain("vocabdb_writer=");
      expect(`${acl} ${columns}`, name).toContain("vocabdb_reader=r/");
      expect(policies, name).toMatch(/^\{"\d+ vocabdb_roles"\}$/);
    }
  });

  it("keeps nothing but the two hashes from the reader, and gives it nothing but SELECT", async ({ db }) => {
    await db.query(ROLES_SCRIPT);
    const found = await db.query(
      `SELECT format('%I.%I', c.relname, a.attname) AS column FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
          AND NOT has_column_privilege('vocabdb_reader', c.oid, a.attnum, 'SELECT') ORDER BY 1`,
    );
    expect(found.map(({ column }) => column)).toEqual(["sessions.token_hash", "users.password_hash"]);
    const more = await db.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
          AND (has_any_column_privilege('vocabdb_reader', oid, 'INSERT, UPDATE, REFERENCES')
               OR has_table_privilege('vocabdb_reader', oid, 'DELETE, TRUNCATE, TRIGGER'))`,
    );
    expect(more).toEqual([]);
  });

  it("changes nothing when it is run again, and takes back what was granted beside it", async ({ db }) => {
    await db.query(ROLES_SCRIPT);
    const first = await rightsIn(db);
    await db.query(ROLES_SCRIPT);
    expect(await rightsIn(db)).toEqual(first);
    await db.query(`GRANT ALL ON users, audit_log TO vocabdb_writer; GRANT SELECT ON sessions TO vocabdb_reader;
      GRANT SELECT (password_hash) ON users TO vocabdb_reader`);
    await db.query(ROLES_SCRIPT);
    expect(await rightsIn(db)).toEqual(first);
  });

  it("works in the schema that is searched first", async ({ emptyDb }) => {
    await emptyDb.query('CREATE SCHEMA "My words"');
    await deployMigrations({ ...emptyDb.target, schema: "My words" });
    await emptyDb.query(`SET search_path TO "My words"; ${ROLES_SCRIPT}`);
    expect(await rightsIn(emptyDb, '"My words"')).toHaveLength(16);
    await withLogin(emptyDb, "IN ROLE vocabdb_writer", async (role) => {
      await role.query(`INSERT INTO "My words".users (email) VALUES ('ada@example.org')`);
      await expect(role.query('DELETE FROM "My words".users')).rejects.toMatchObject({ code: "42501" });
    });
  });

  it("does nothing, and says why, where the tables are not there", async ({ emptyDb }) => {
    await withAdmin((admin) => admin.query(`DROP ROLE IF EXISTS ${GROUPS.join(", ")}`));
    await expect(emptyDb.query(ROLES_SCRIPT)).rejects.toMatchObject({
      message: "the schema public has no table users",
      hint: expect.stringContaining("Run vocabdb migrate first."),
    });
    expect(await emptyDb.query("SELECT FROM pg_roles WHERE rolname = ANY($1)", [GROUPS])).toEqual([]);
  });

  it("is no more than SQL, and holds no password", () => {
    expect(ROLES_SCRIPT).not.toMatch(/^\s*\\|password '|(?<!:):['"]?[a-z]/im);
  });
});

describe("run by an administrator who is no superuser, as on Supabase", () => {
  /** Owner of the database, who may create roles; it migrated. */
  async function withOwner(db: TestDatabase, work: (role: Role) => Promise<void>): Promise<void> {
    await withAdmin((admin) => admin.query(`DROP ROLE IF EXISTS ${GROUPS.join(", ")}`));
    await withLogin(db, "CREATEROLE", async (role) => {
      await withAdmin((admin) => admin.query(`ALTER DATABASE ${db.target.database} OWNER TO ${role.name}`));
      try {
        await work(role);
      } finally {
        await withAdmin((admin) => admin.query(`ALTER DATABASE ${db.target.database} OWNER TO CURRENT_USER`));
        await db.query(`REASSIGN OWNED BY ${role.name} TO CURRENT_USER`);
      }
    });
  }

  it("it makes the roles, hands the tables over, and the administrator can go on", async ({ emptyDb }) => {
    await withOwner(emptyDb, async (admin) => {
      await deployMigrations(targetOf(emptyDb, admin), { migrations: readMigrations().slice(0, 3) });
      await admin.query(ROLES_SCRIPT);
      const first = await rightsIn(emptyDb);
      expect(first.filter(({ owner }) => owner !== "vocabdb_owner")).toEqual([]);
      await admin.query(ROLES_SCRIPT);
      expect(await rightsIn(emptyDb)).toEqual(first);
      await deployMigrations(targetOf(emptyDb, admin));
    });
  });
});

describe("the owner", () => {
  it("migrates, makes tables that belong to the group, and runs the script again after that", async ({ emptyDb }) => {
    await deployMigrations(emptyDb.target, { migrations: readMigrations().slice(0, 3) });
    await emptyDb.query(ROLES_SCRIPT);
    await withDeployer(emptyDb, async (deployer) => {
      const more = { name: "20990101000000_more", sql: "CREATE TABLE more (id int PRIMARY KEY);" };
      await deployMigrations(targetOf(emptyDb, deployer), { migrations: [...readMigrations(), more] });
      await deployer.query(ROLES_SCRIPT);
      const owners = (await rightsIn(emptyDb)).map(({ owner }) => owner);
      expect(new Set(owners)).toEqual(new Set(["vocabdb_owner"]));
      expect(owners).toHaveLength(17);
    });
  });

  it("resets, after which the script opens the new tables", async ({ db }) => {
    await db.query(ROLES_SCRIPT);
    const before = await rightsIn(db);
    await addPeople(db, ADA);
    await withDeployer(db, async (deployer) => {
      const target = targetOf(db, deployer);
      const { applied } = await resetDatabase(target, { confirm: target.database });
      expect(applied).toEqual(readMigrations().map(({ name }) => name));
      const [entry] = await db.query("SELECT database_role FROM audit_log");
      expect(entry).toEqual({ database_role: deployer.name });
      await deployer.query(ROLES_SCRIPT);
    });
    const withoutNumbers = (rows: object[]) => JSON.parse(JSON.stringify(rows).replace(/\d+ vocabdb_roles/g, ""));
    expect(withoutNumbers(await rightsIn(db))).toEqual(withoutNumbers(before));
  });
});

describe("a writer", () => {
  it("can change nothing of the history, and give no other time or role", async ({ db }) => {
    await db.query(ROLES_SCRIPT);
    await withLogin(db, "IN ROLE vocabdb_writer", async (role) => {
      await role.query(`INSERT INTO audit_log (action, changes, occurred_at, database_role)
                        VALUES ('made up', '{}', '2000-01-01Z', 'postgres')`);
      for (const statement of [
        "UPDATE audit_log SET action = 'another'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_log_append_only ON audit_log",
        "CREATE TRIGGER mine BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION set_updated_at()",
      ]) {
        await expect(role.query(statement), statement).rejects.toMatchObject({ code: "42501" });
      }
      const entries = await role.query(
        "SELECT database_role, occurred_at > now() - interval '1 hour' AS recent FROM audit_log",
      );
      expect(entries).toEqual([{ database_role: role.name, recent: true }]);
    });
  });

  it("fills an empty table with a big file, whose indexes it could not build again", async ({ db }) => {
    await db.query(ROLES_SCRIPT);
    const before = await indexesOfWords(db);
    const { path, rows } = bigCsv();
    await withLogin(db, "IN ROLE vocabdb_writer", (role) =>
      withConnection(targetOf(db, role), async (connection) => {
        expect(counts(await seed(connection, [path]))).toEqual({ rows, inserted: rows });
      }),
    );
    expect(await indexesOfWords(db)).toEqual(before);
  });

  it("is served by the same indexes as the owner", async ({ db }) => {
    await db.query(ROLES_SCRIPT);
    const explain = `EXPLAIN (COSTS OFF) SELECT id FROM users WHERE email LIKE '%ada%' AND deleted_at IS NULL ORDER BY id`;
    const asOwner = await withClient(db.direct, async (client) => {
      await client.query("SET enable_seqscan = off");
      return (await client.query(explain)).rows;
    });
    expect(JSON.stringify(asOwner)).toContain("users_search_idx");
    await withLogin(db, "IN ROLE vocabdb_writer", async (role) => {
      await db.query(`ALTER ROLE ${role.name} SET enable_seqscan = off`);
      expect(await role.query(explain)).toEqual(asOwner);
    });
  });
});

it("a reader is shown everything but what hashes tell", async ({ db }) => {
  await addPeople(db, ADA);
  await db.query(`UPDATE users SET password_hash = '$argon2id$hash'; ${ROLES_SCRIPT}`);
  const seenBy = (target: Target) =>
    withConnection(target, async (connection) => {
      const { sessions } = await listSessions(connection, { email: ADA.email });
      const { user } = await exportUser(connection, ADA.email);
      return [sessions[0]?.fingerprint, user.hasPassword];
    });
  await withLogin(db, "IN ROLE vocabdb_reader", async (role) => {
    expect(await seenBy(targetOf(db, role))).toEqual([null, null]);
    for (const hash of ["password_hash FROM users", "token_hash FROM sessions"]) {
      await expect(role.query(`SELECT ${hash}`)).rejects.toMatchObject({ code: "42501" });
    }
  });
  expect(await seenBy(db.target)).toEqual([expect.stringMatching(/^[0-9a-f]{8}$/), true]);
});

describe("nothing is said against what the script makes", () => {
  it("by drift detection, which still finds every other policy", async ({ db }) => {
    await db.query(ROLES_SCRIPT);
    expect(await driftOf(db)).toEqual([]);
    await db.query(`CREATE POLICY theirs ON users TO vocabdb_reader USING (true);
      CREATE POLICY narrow ON progress AS RESTRICTIVE TO vocabdb_writer USING (false);
      ALTER POLICY vocabdb_roles ON sessions TO PUBLIC; ALTER POLICY vocabdb_roles ON audit_log USING (false);
      ALTER POLICY vocabdb_roles ON vocabulary_words WITH CHECK (false)`);
    expect(await driftOf(db)).toEqual([
      "policy audit_log.vocabdb_roles extra",
      "policy progress.narrow extra",
      "policy sessions.vocabdb_roles extra",
      "policy users.theirs extra",
      "policy vocabulary_words.vocabdb_roles extra",
    ]);
  });

  it("by the doctor, whoever asks", async ({ db }) => {
    await addPeople(db, ADA);
    await db.query(ROLES_SCRIPT);
    const found = async (url: string) =>
      (await examined(url, ["server", "schema", "data", "exposure"])).findings
        .filter(({ id }) => id !== "role.superuser")
        .map(({ id, level }) => `${id} ${level}`);
    expect(await found(db.url)).toEqual([]);
    // Whoever may not make a schema to compare with is told that nothing was compared.
    const notCompared = ["schema.drift info"];
    for (const [group, expected] of [
      ["vocabdb_owner", []],
      ["vocabdb_writer", notCompared],
      ["vocabdb_reader", notCompared],
    ] as const) {
      await withLogin(db, `IN ROLE ${group}`, async ({ url }) => {
        expect(await found(url), group).toEqual(expected);
      });
    }
  });

  it("but a table that was made later is told to its readers, with the script as the remedy", async ({ db }) => {
    await db.query(
      `${ROLES_SCRIPT}; REVOKE ALL ON progress FROM vocabdb_reader; DROP POLICY vocabdb_roles ON sessions`,
    );
    await withLogin(db, "IN ROLE vocabdb_reader", async ({ url }) => {
      const { findings } = await examined(url, ["role.no-read", "role.rows-hidden"]);
      expect(findings.map(({ id, message, fix }) => `${id}: ${message.split(" of ").at(-1)}: ${fix}`)).toEqual([
        expect.stringMatching(/^role\.no-read: .* may not read progress: run prisma\/roles\.sql again/),
        expect.stringMatching(/^role\.rows-hidden: sessions from .*: run prisma\/roles\.sql again/),
      ]);
    });
  });
});
