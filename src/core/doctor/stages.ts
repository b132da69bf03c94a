/** The stages of an examination, in order, and every finding that each can make; docs/doctor.md explains them. */
import type { FindingId } from "../../finding.js";
import { databaseChecks } from "./checks.js";

export type StageName =
  | ConnectionStage
  | "pooler"
  | "write"
  // What is looked at inside the database is found in the checks.
  | "server"
  | "schema"
  | "data"
  | "exposure";

/** Those that have to work before there is anything to look at. */
export type ConnectionStage = "url" | "dns" | "tcp" | "tls" | "certificate" | "login";

const CONNECTION: Readonly<Record<ConnectionStage, readonly FindingId[]>> = {
  url: [
    "env.no-database",
    "env.empty",
    "env.file-unreadable",
    "env.file-overridden",
    "env.quote-unclosed",
    "env.cut-at-hash",
    "env.variable-unused",
    "env.pool-max",
    "env.password-in-arguments",
    "env.direct-url-ignored",
    "env.embedded-start",
    "url.quotes",
    "url.name-repeated",
    "url.command",
    "url.supabase-api",
    "url.http",
    "url.prisma",
    "url.jdbc",
    "url.sqlite",
    "url.scheme",
    "url.undefined",
    "url.placeholder",
    "url.invisible-character",
    "url.unexpanded",
    "url.keywords",
    "url.not-a-url",
    "url.password-unclear",
    "url.special-character",
    "url.cut-off",
    "url.fragment",
    "url.percent",
    "url.no-host",
    "url.host",
    "url.several-hosts",
    "url.port",
    "url.no-user",
    "url.no-database",
    "url.parameter",
    "url.parameter-unused",
    "url.parameter-unknown",
    "url.ssl-parameter",
    "url.passfile",
    "tls.file",
    "tls.key-permissions",
  ],
  dns: ["net.dns-not-found", "net.dns-unavailable", "net.ipv6-only", "net.failed"],
  tcp: [
    "net.refused",
    "net.supabase-ban",
    "net.unreachable",
    "net.timeout",
    "net.blocked",
    "net.address-dead",
    "net.failed",
  ],
  tls: ["net.wrong-service", "net.no-answer", "net.closed", "net.failed", "tls.not-offered", "tls.unencrypted"],
  certificate: [
    "tls.private-ca",
    "tls.self-signed",
    "tls.expired",
    "tls.not-yet-valid",
    "tls.wrong-name",
    "tls.certificate",
    "tls.protocol",
    "tls.handshake",
    "tls.unverified",
  ],
  login: [
    "auth.password",
    "auth.no-password",
    "auth.no-login",
    "auth.no-role",
    "auth.pg-hba",
    "auth.pg-hba-reject",
    "auth.peer",
    "auth.method",
    "auth.scram",
    "auth.certificate",
    "auth.refused",
    "auth.pooler-user",
    "auth.pooler-tenant",
    "auth.pooler-backend-password",
    "auth.allow-list",
    "auth.banned",
    "auth.circuit-breaker",
    "tls.required",
    "tls.client-certificate",
    "db.missing",
    "db.not-accepting",
    "db.no-connect-privilege",
    "pool.slots",
    "pool.role-limit",
    "pool.database-limit",
    "pool.session-clients",
    "pool.client-limit",
    "pool.checkout-timeout",
    "pool.wait-timeout",
    "pool.backend-down",
    "pool.startup-parameter",
    "net.no-answer",
    "net.reset",
    "net.timeout",
    "server.starting",
    "server.shutting-down",
    "server.recovering",
    "server.refused",
  ],
};

const AFTER_LOGIN = {
  pooler: ["pool.transaction-mode", "pool.statement-mode", "pool.direct-url-transaction", "url.different-databases"],
  write: [
    "server.read-only",
    "server.disk-full",
    "server.lock-timeout",
    "server.statement-timeout",
    "db.privilege",
    "db.schema-privilege",
    "db.database-privilege",
    "db.row-security",
    "server.write-failed",
  ],
} as const;

export const stages: Readonly<Record<StageName, readonly FindingId[]>> = {
  ...CONNECTION,
  pooler: AFTER_LOGIN.pooler,
  server: idsOfChecks("server"),
  write: AFTER_LOGIN.write,
  schema: idsOfChecks("schema"),
  data: idsOfChecks("data"),
  exposure: idsOfChecks("exposure"),
};

/** Ids that can be chosen: others are of the examination itself, or of commands that run for longer than it does. */
export const selectableIds: ReadonlySet<FindingId> = new Set(Object.values(stages).flat());

export const stageNames = Object.keys(stages) as StageName[];

export function isConnectionStage(stage: StageName): stage is ConnectionStage {
  return Object.hasOwn(CONNECTION, stage);
}

function idsOfChecks(stage: StageName): readonly FindingId[] {
  return [...new Set(databaseChecks.filter((check) => check.stage === stage).flatMap(({ ids }) => ids))];
}
