/** What an examination came to. */

import type { PoolerKind } from "../../db/pooler.js";
import type { CertificateFacts } from "../../db/probe/certificate.js";
import type { FindingId, FindingLevel } from "../../finding.js";
import type { DatabaseFinding } from "./check.js";
import type { StageName } from "./stages.js";

/** By which a user knows the two addresses of one database. */
export type UrlName = "DATABASE_URL" | "DIRECT_URL";

export interface Step {
  readonly stage: StageName;
  /** Of which address; both are examined where there are two. */
  readonly url: UrlName;
  /** The worst that was found, `ok` where that is nothing. */
  readonly outcome: FindingLevel | "ok";
  readonly durationMs: number;
  /** What was seen, in a few words. */
  readonly detail: string;
}

/** What the server said of itself when the one login worked. */
export interface ServerFacts {
  /** `18.0` */
  readonly version: string;
  /** The role that answers: behind a pooler it may be another than that of the URL. */
  readonly user: string;
  readonly database: string;
  /** A replica, which takes no writes. */
  readonly standby: boolean;
  /** The shortest of a few round trips, in milliseconds. */
  readonly latencyMs: number;
}

export interface DoctorReport {
  /** `host:port/database (user)`; null where no database is configured. */
  readonly target: string | null;
  readonly findings: readonly DatabaseFinding[];
  /** Ids of what was looked at and found right. */
  readonly passed: readonly FindingId[];
  /** Why the database could not be looked at; null where it was reached, by each of its addresses. */
  readonly failed: "configuration" | "connection" | null;
  readonly steps: readonly Step[];
  /** Stages that were not come to. */
  readonly unseen: readonly StageName[];
  readonly addresses: readonly string[];
  readonly tls: (Pick<CertificateFacts, "protocol" | "issuer" | "names"> & { readonly validTo: Date }) | null;
  readonly server: ServerFacts | null;
  readonly pooler: PoolerKind | null;
}
