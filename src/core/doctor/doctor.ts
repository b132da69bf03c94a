/** `vocabdb db doctor`: from the URL to the data, stage by stage, until something is fatal or time is up. */
import { type Config, type ConfigInput, loadConfig } from "../../config.js";
import type { Connection } from "../../db/pool.js";
import type { PoolerKind } from "../../db/pooler.js";
import { type Resolution, resolveTarget } from "../../db/resolve.js";
import { describeTarget, type Target } from "../../db/target.js";
import { tlsOptions } from "../../db/tls.js";
import type { FindingId } from "../../finding.js";
import type { DatabaseFinding } from "./check.js";
import { databaseChecks } from "./checks.js";
import { examineDirectUrl, examinePooler, examineWrite, runCheck } from "./inside.js";
import { type SignedIn, signIn } from "./login.js";
import { type Limits, type Look, limitsUntil, type Seen } from "./look.js";
import { examineNetwork, type NetworkFacts } from "./network.js";
import { ExaminationRecord } from "./record.js";
import type { DoctorReport } from "./report.js";
import type { Selected } from "./selection.js";
import type { StageName } from "./stages.js";

export interface ExamineOptions {
  readonly selected: Selected;
  /** However the network or the server hangs, the examination ends by then, or {@link CLOSE_MS} later. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onStage?: (stage: StageName) => void;
  /** In place of those of the machine. */
  readonly nameServers?: readonly string[];
}

export interface Examination {
  readonly report: DoctorReport;
  readonly resolution: Resolution | null;
}

/** Milliseconds for the one login; poolers may wait for a connection of their own. */
const LOGIN_MS = 10_000;
const STATEMENT_MS = 10_000;
/** For saying goodbye, and for a request to cancel what still runs to get there. */
const CLOSE_MS = 1_000;

export async function examine(input: ConfigInput, options: ExamineOptions): Promise<Examination> {
  const { timeoutMs, onStage = () => {} } = options;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new Error("the deadline has passed")), timeoutMs);
  const signal = AbortSignal.any([options.signal, deadline.signal]);
  const record = new ExaminationRecord({ ...options, interrupted: options.signal, signal, onStage });
  const limits = limitsUntil(performance.now() + timeoutMs, signal);
  const opened: Connection[] = [];
  try {
    const resolution = await record.lookAt("DATABASE_URL", null)("url", () => readConfiguration(input));
    const facts = resolution === null ? null : await examineTargets(resolution, { record, limits, options, opened });
    return { resolution, report: reportOf(record, resolution, facts) };
  } finally {
    clearTimeout(timer);
    // A server that hangs is not waited for: the end of the process closes what is left.
    const closed = Promise.all(opened.map((connection) => connection.close()));
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
  }
}

async function readConfiguration(input: ConfigInput): Promise<Seen<Resolution>> {
  const config = loadConfig(input);
  const resolution = await resolveTarget(config);
  const { target, migrationTarget, warnings } = resolution;
  for (const { tls, ...rest } of new Set([target, migrationTarget])) {
    // Files of certificates are read now, and nothing is asked of the server.
    await tlsOptions({ ...rest, tls: { ...tls, mode: tls.mode === "prefer" ? "require" : tls.mode } });
  }
  return { value: resolution, detail: `${describeTarget(target)}, from ${sourceOf(config)}`, findings: warnings };
}

function sourceOf({ databaseUrl }: Config): string {
  if (databaseUrl === null) {
    return "the embedded server";
  }
  return databaseUrl.source === "--database-url" ? databaseUrl.source : `DATABASE_URL (${databaseUrl.source})`;
}

interface Context {
  readonly record: ExaminationRecord;
  readonly limits: Limits;
  readonly options: ExamineOptions;
  /** Every connection that worked, for the bracket to close. */
  readonly opened: Connection[];
}

interface TargetFacts {
  readonly network: NetworkFacts | null;
  readonly signedIn: SignedIn | null;
  readonly pooler: PoolerKind | null;
}

async function examineTargets({ target, migrationTarget }: Resolution, context: Context): Promise<TargetFacts> {
  const { record, limits } = context;
  const look = record.lookAt("DATABASE_URL", target);
  const { network, signedIn } = await connect(target, look, context, true);
  const hasDirectUrl = migrationTarget !== target;
  if (hasDirectUrl) {
    // After a refusal there is no second attempt, whatever the address: it may be the same server.
    const loginFailed = network !== null && signedIn === null;
    const directLook = record.lookAt("DIRECT_URL", migrationTarget);
    const direct = await connect(migrationTarget, directLook, context, !loginFailed);
    const directConnection = direct.signedIn?.connection;
    if (directConnection !== undefined) {
      await directLook("pooler", () => examineDirectUrl(directConnection, signedIn?.connection ?? null));
    }
  }
  if (signedIn === null) {
    return { network, signedIn, pooler: null };
  }
  const { connection } = signedIn;
  const pooler = await look("pooler", () => examinePooler(connection, hasDirectUrl));
  if (pooler === "statement") {
    // Whatever is looked at further on is looked at in a transaction.
    return { network, signedIn, pooler };
  }
  await runChecks(["server"], look, connection, context);
  await look("write", () => examineWrite(connection, limits.atMost(STATEMENT_MS)));
  await runChecks(["schema", "data", "exposure"], look, connection, context);
  return { network, signedIn, pooler };
}

async function connect(target: Target, look: Look, { limits, options, opened }: Context, mayLogIn: boolean) {
  const network = await examineNetwork(target, look, limits, options.nameServers);
  if (network === null || !mayLogIn) {
    return { network, signedIn: null };
  }
  // `prefer` is decided by now.
  const { tls } = target;
  const mode = tls.mode !== "prefer" ? tls.mode : network.offersTls ? "require" : "disable";
  const decided = { ...target, tls: { ...tls, mode, rootCert: tls.mode === "prefer" ? null : tls.rootCert } };
  const signedIn = await look("login", () => signIn(decided, limits.atMost(LOGIN_MS)));
  if (signedIn !== null) {
    opened.push(signedIn.connection);
  }
  return { network, signedIn };
}

async function runChecks(
  names: readonly StageName[],
  look: Look,
  connection: Connection,
  { limits, options }: Pick<Context, "limits" | "options">,
) {
  for (const stage of names) {
    const findings: DatabaseFinding[] = [];
    const looked: FindingId[] = [];
    const run = async (): Promise<Seen<null>> => {
      const checks = databaseChecks.filter((check) => check.stage === stage && check.ids.some(options.selected.has));
      // Tables may be of any size. What a check does not need of its share is left to those that follow.
      const end = performance.now() + limits.atMost(Number.POSITIVE_INFINITY).timeoutMs;
      for (const [index, check] of checks.entries()) {
        const scanMs = Math.max(50, (end - performance.now()) / (checks.length - index));
        const result = await runCheck(check, connection, limits.atMost(STATEMENT_MS), scanMs);
        findings.push(...result.findings);
        looked.push(...result.looked);
      }
      const unseen = new Set(findings.flatMap((finding) => finding.unseen ?? []));
      const seen = new Set(looked.filter((id) => !unseen.has(id)));
      return {
        value: null,
        detail: `${seen.size} of ${new Set(checks.flatMap(({ ids }) => ids)).size} looked for`,
        ...{ findings, looked },
      };
    };
    await look(stage, run, () => ({ findings, looked }));
  }
}

function reportOf(record: ExaminationRecord, resolution: Resolution | null, facts: TargetFacts | null): DoctorReport {
  const certificate = facts?.network?.certificate ?? null;
  return {
    target: resolution === null ? null : describeTarget(resolution.target),
    findings: record.findings,
    passed: record.passed,
    failed: !record.failed ? null : resolution === null ? "configuration" : "connection",
    steps: record.steps,
    unseen: record.unseen,
    addresses: facts?.network?.addresses ?? [],
    tls:
      certificate === null
        ? null
        : {
            protocol: certificate.protocol,
            issuer: certificate.issuer,
            names: certificate.names,
            validTo: certificate.validTo,
          },
    server: facts?.signedIn?.server ?? null,
    pooler: facts?.pooler ?? null,
  };
}
