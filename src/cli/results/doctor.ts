/** What `vocabdb db doctor` prints with `--json`. */
import * as z from "zod";
import { findingIds } from "../../finding.js";
import { pooler } from "./db.js";
import { dryRun, milliseconds, time } from "./shared.js";

const findingId = z.enum(findingIds).meta({ id: "FindingId", description: "docs/doctor.md explains each" });

const level = z.enum(["error", "warning", "info"]);

const stage = z.enum([
  ...["url", "dns", "tcp", "tls", "certificate", "login"],
  ...["pooler", "write", "server", "schema", "data", "exposure"],
] as const);

const finding = z.object({
  id: findingId,
  level,
  message: z.string(),
  fix: z.string().nullable().describe("what to do about it"),
  repair: z.array(z.string()).nullable().describe("statements that --fix would run; null where a person has to decide"),
  changes: z.string().optional().describe("table whose rows the repair changes"),
  unseen: z.array(findingId).optional().describe("what could not be looked for because of it"),
});

export const examined = z.object({
  target: z.string().nullable().describe("host:port/database (user); null where no database is configured"),
  findings: z.array(finding).describe("the worst first"),
  passed: z.array(findingId).describe("what was looked at and found right"),
  failed: z
    .enum(["configuration", "connection"])
    .nullable()
    .describe("why the database could not be looked at; null where it was reached"),
  steps: z.array(
    z.object({
      stage,
      url: z.enum(["DATABASE_URL", "DIRECT_URL"]),
      outcome: z.enum([...level.options, "ok"]).describe("the worst that was found"),
      durationMs: milliseconds,
      detail: z.string(),
    }),
  ),
  unseen: z.array(stage).describe("stages that were not come to"),
  addresses: z.array(z.string()),
  tls: z
    .object({ protocol: z.string().nullable(), issuer: z.string(), names: z.array(z.string()), validTo: time })
    .nullable(),
  server: z
    .object({
      version: z.string(),
      user: z.string().describe("role that answers: behind a pooler it may be another than that of the URL"),
      database: z.string(),
      standby: z.boolean().describe("a replica, which takes no writes"),
      latencyMs: milliseconds.describe("the shortest of a few round trips, in milliseconds"),
    })
    .nullable(),
  pooler: pooler.nullable(),
  repaired: z.array(findingId).describe("what --fix has mended, or would mend"),
  unrepaired: z.array(finding.pick({ id: true, message: true, fix: true })).describe("what it could not mend, and why"),
  dryRun,
});
