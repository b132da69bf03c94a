/** The stages of an examination, in order, and every finding that each can make; docs/doctor.md explains them. */
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

const CONNECTION: Readonly<Record<ConnectionStage, readonly string[]>> = {
  url: [
    "env.no-database",
    "env.empty",
    "env.file-unreadable",
    "env.pool-max",
    "env.password-in-arguments",
    "env.direct-url-ignored",
    "env.embedded-start",
    "url.invalid",
    "url.parameter-unknown",
    "tls.file",
  ],
  dns: ["net.name-not-found", "net.dns-unavailable", "net.ipv6-only"],
  tcp: ["net.refused", "net.unreachable", "net.timeout", "net.address-dead"],
  tls: ["net.wrong-service", "net.no-answer", "net.closed", "tls.not-offered", "tls.unencrypted"],
  certificate: [
    "tls.handshake",
    "tls.private-ca",
    "tls.self-signed",
    "tls.expired",
    "tls.not-yet-valid",
    "tls.wrong-name",
    "tls.unverified",
  ],
  login: ["auth.password", "auth.refused", "server.refused", "server.lost"],
};

const AFTER_LOGIN = {
  pooler: ["pool.transaction-mode", "pool.direct-url-transaction", "url.different-databases"],
  write: ["write.read-only", "write.denied", "write.failed"],
} as const;

export const stages: Readonly<Record<StageName, readonly string[]>> = {
  ...CONNECTION,
  server: idsOfChecks("server"),
  ...AFTER_LOGIN,
  schema: idsOfChecks("schema"),
  data: idsOfChecks("data"),
  exposure: idsOfChecks("exposure"),
};

/** About the examination itself: in no stage, and never left out. */
export const ownIds = ["doctor.timeout", "doctor.check-failed"] as const;

export const stageNames = Object.keys(stages) as StageName[];

export function isConnectionStage(stage: StageName): stage is ConnectionStage {
  return Object.hasOwn(CONNECTION, stage);
}

function idsOfChecks(stage: StageName): string[] {
  return databaseChecks.filter((check) => check.stage === stage).flatMap(({ ids }) => ids);
}
