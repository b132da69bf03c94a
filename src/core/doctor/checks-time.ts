/** Checks of time: the zone that other clients work in, and the two clocks. */
import type { ClientBase } from "pg";
import type { DatabaseCheck } from "./check.js";
import { attempt, finding } from "./checks-tables.js";

interface ZoneSource {
  /** What has the setting, in words. */
  readonly what: string;
  /** null for that which a session of the role starts with. */
  readonly zone: string | null;
  readonly fix: string;
  readonly mayFix: boolean;
}

/**
 * Every session of ours says that it works in UTC. Prisma's adapter elsewhere does not, and shifts times by the
 * offset of whatever zone its session starts in.
 */
const zone: DatabaseCheck = {
  stage: "server",
  ids: ["time.not-utc"],
  async run({ client }) {
    const findings = [];
    for (const { what, zone, fix, mayFix } of await zoneSources(client)) {
      const found = await wrongZone(client, zone);
      if (found !== null) {
        findings.push(
          finding(
            "time.not-utc",
            "warning",
            `${what} ${found}, not in UTC: clients that set no zone of their own, Prisma's adapter among them, read and write times that are shifted by its offset`,
            fix,
            { repair: mayFix ? [fix] : null },
          ),
        );
      }
    }
    return findings;
  },
};

/**
 * What is set for the database, for any role in it, and for this role everywhere. Where none of them applies
 * to the role, also what its sessions start with: that is the server's configuration then.
 */
async function zoneSources(client: ClientBase): Promise<readonly ZoneSource[]> {
  const { rows } = await client.query<ZoneSource & { readonly applies: boolean }>(
    `SELECT CASE WHEN s.setrole = 0 THEN format('the database %I works', d.datname)
                 ELSE format('the role %I works', r.rolname) END AS what,
            substr(entry, strpos(entry, '=') + 1) AS zone,
            CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %I SET timezone = ''UTC''', d.datname)
                 ELSE format('ALTER ROLE %I IN DATABASE %I SET timezone = ''UTC''', r.rolname, d.datname) END AS fix,
            CASE WHEN s.setrole = 0 THEN pg_has_role(d.datdba, 'USAGE')
                 ELSE r.rolname = current_user OR me.rolsuper END AS "mayFix",
            s.setrole = 0 OR r.rolname = session_user AS applies
       FROM pg_database AS d
       JOIN pg_roles AS me ON me.rolname = current_user
       JOIN pg_db_role_setting AS s ON s.setdatabase IN (0, d.oid)
       LEFT JOIN pg_roles AS r ON r.oid = s.setrole
      CROSS JOIN unnest(s.setconfig) AS entry
      WHERE d.datname = current_database() AND lower(split_part(entry, '=', 1)) = 'timezone'
        AND (s.setdatabase = d.oid AND (s.setrole = 0 OR r.rolname IS NOT NULL)
          -- Set for the role everywhere, unless its setting in this database comes before.
          OR s.setdatabase = 0 AND r.rolname = session_user AND NOT EXISTS (
            SELECT FROM pg_db_role_setting AS o, unnest(o.setconfig) AS other
             WHERE o.setdatabase = d.oid AND o.setrole = s.setrole
               AND lower(split_part(other, '=', 1)) = 'timezone'))
      ORDER BY s.setrole`,
  );
  if (rows.some(({ applies }) => applies)) {
    return rows;
  }
  const { rows: server } = await client.query<ZoneSource>(
    `SELECT 'a new session works' AS what, NULL AS zone,
            format('ALTER DATABASE %I SET timezone = ''UTC''', d.datname) AS fix,
            pg_has_role(d.datdba, 'USAGE') AS "mayFix"
       FROM pg_database AS d WHERE d.datname = current_database()`,
  );
  return [...server, ...rows];
}

/**
 * Asked in winter and in summer: London is in UTC for half of the year.
 *
 * @returns in words, such as `in Asia/Tokyo (+9 h)`; null when it is as good as UTC
 */
function wrongZone(client: ClientBase, zone: string | null): Promise<string | null> {
  return attempt(client, "SET LOCAL TIME ZONE DEFAULT", async () => {
    if (zone !== null) {
      await client.query("SELECT set_config('TimeZone', $1, true)", [zone]);
    }
    const { rows } = await client.query<{ name: string; offsets: number[] }>(
      `SELECT current_setting('TimeZone') AS name, ARRAY(
         SELECT DISTINCT extract(timezone FROM day)::int
           FROM unnest(ARRAY[now(), timestamptz '2026-01-15', timestamptz '2026-07-15']) AS day ORDER BY 1
       ) AS offsets`,
    );
    const { name = "", offsets = [] } = rows[0] ?? {};
    const hours = offsets.map((seconds) => `${seconds < 0 ? "" : "+"}${seconds / 3600} h`);
    return offsets.some((seconds) => seconds !== 0) ? `in ${name} (${hours.join(" or ")})` : null;
  });
}

const SAMPLES = 5;
const NOTABLE_SKEW_MS = 2_000;
const GRAVE_SKEW_MS = 60_000;

interface Sample {
  readonly roundTripMs: number;
  /** How far this machine is ahead of the server. */
  readonly aheadMs: number;
}

/** The sample with the shortest way there and back is off by at most half of it. */
const clocks: DatabaseCheck = {
  stage: "server",
  ids: ["time.clock-skew"],
  async run({ client }) {
    let best: Sample | null = null;
    for (let n = 0; n < SAMPLES; n++) {
      const sample = await compareClocks(client);
      best = best === null || sample.roundTripMs < best.roundTripMs ? sample : best;
    }
    const { aheadMs = 0, roundTripMs = 0 } = best ?? {};
    const skew = Math.abs(aheadMs) - roundTripMs / 2;
    if (skew <= NOTABLE_SKEW_MS) {
      return [];
    }
    const message = `the clock of this machine is ${Math.round(Math.abs(aheadMs) / 1000)} s ${aheadMs > 0 ? "ahead of" : "behind"} the server's: sessions and reviews come to their time at the wrong moment`;
    const fix = "sudo timedatectl set-ntp true (on the machine whose clock is wrong; compare both with a third)";
    return [finding("time.clock-skew", skew > GRAVE_SKEW_MS ? "error" : "warning", message, fix)];
  },
};

async function compareClocks(client: ClientBase): Promise<Sample> {
  const sentAt = performance.now();
  const sent = Date.now();
  const { rows } = await client.query<{ ms: number }>(
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms",
  );
  const roundTripMs = performance.now() - sentAt;
  return { roundTripMs, aheadMs: sent + roundTripMs / 2 - (rows[0]?.ms ?? sent) };
}

export const timeChecks: readonly DatabaseCheck[] = [zone, clocks];
