/** The way to the server, without a login: name, addresses, what listens there, its certificate. */
import { type CertificateFacts, readCertificate } from "../../db/probe/certificate.js";
import { lookUp } from "../../db/probe/dns.js";
import { findLocalServers } from "../../db/probe/local-servers.js";
import { askForTls } from "../../db/probe/offer.js";
import type { Reply } from "../../db/probe/reply.js";
import type { Limit } from "../../db/probe/socket.js";
import { type Attempt, connectToEach, type TcpFacts } from "../../db/probe/tcp.js";
import { isLoopback, type Target } from "../../db/target.js";
import { tlsOptions } from "../../db/tls.js";
import { certificateFindings } from "./certificate-findings.js";
import type { Limits, Look, Seen } from "./look.js";
import { nameFindings, offerFailure, offerFindings, tcpFindings } from "./network-findings.js";

/** Milliseconds: each is far more than a server on another continent needs. */
const NAME_MS = 4_000;
const CONNECT_MS = 4_000;
const ANSWER_MS = 4_000;

export interface NetworkFacts {
  readonly addresses: readonly string[];
  readonly offersTls: boolean;
  /** null where the connection would not use TLS. */
  readonly certificate: CertificateFacts | null;
}

/** @param nameServers in place of those of the machine */
export async function examineNetwork(
  target: Target,
  look: Look,
  limits: Limits,
  nameServers: readonly string[] = [],
): Promise<NetworkFacts | null> {
  const names = await look("dns", async () => {
    const facts = await lookUp(target.host, limits.atMost(NAME_MS), nameServers);
    const detail = facts.ipv4 === null ? "no name to look up" : facts.addresses.join(", ") || `${facts.code}`;
    return { value: facts, detail, findings: nameFindings(target, facts) };
  });
  if (names === null) {
    return null;
  }
  const tcp = await look("tcp", async () => {
    const facts = await connectToEach(names.addresses, target.port, limits.atMost(CONNECT_MS));
    const elsewhere = facts.socket === null && isLoopback(target) ? await findLocalServers(limits.signal) : [];
    return {
      ...{ value: facts, detail: facts.attempts.map((attempt) => attemptText(attempt)).join(", ") },
      findings: tcpFindings(target, names, facts, elsewhere),
    };
  });
  const socket = tcp?.socket;
  if (!socket) {
    return null;
  }
  try {
    const offer = await look("tls", () => offerStage(target, socket, limits));
    if (offer === null) {
      return null;
    }
    const { addresses } = names;
    if (offer.kind !== "tls" || target.tls.mode === "disable") {
      return { addresses, offersTls: offer.kind === "tls", certificate: null };
    }
    const certificate = await look("certificate", () => certificateStage(target, socket, limits.atMost(ANSWER_MS)));
    return certificate === null ? null : { addresses, offersTls: true, certificate };
  } finally {
    socket.destroy();
  }
}

async function offerStage(
  target: Target,
  socket: NonNullable<TcpFacts["socket"]>,
  { atMost, signal }: Limits,
): Promise<Seen<Reply>> {
  const { timeoutMs } = atMost(ANSWER_MS);
  let value: Reply;
  try {
    value = await askForTls(socket, { timeoutMs, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw offerFailure(target, error, timeoutMs);
  }
  const elsewhere = value.kind === "other" && isLoopback(target) ? await findLocalServers(signal) : [];
  return { value, detail: replyText(value), findings: offerFindings(target, value, elsewhere) };
}

async function certificateStage(
  target: Target,
  socket: NonNullable<TcpFacts["socket"]>,
  limit: Limit,
): Promise<Seen<CertificateFacts>> {
  // Only what is to be read from files: whether the server offers TLS is known by now.
  const options = await tlsOptions({ ...target, tls: { ...target.tls, mode: "require" } });
  const value = await readCertificate(socket, target.host, options || {}, limit);
  const detail = `${value.protocol ?? "TLS"}, for ${value.names.join(", ")}, by ${value.issuer}, until ${value.validTo.toISOString().slice(0, 10)}`;
  return { value, detail, findings: certificateFindings(target, value, new Date()) };
}

function attemptText({ address, durationMs, error }: Attempt): string {
  return `${address} ${error === null ? "connected" : (error.code ?? error.message)} (${durationMs.toFixed(0)} ms)`;
}

function replyText(reply: Reply): string {
  switch (reply.kind) {
    case "tls":
      return "offered";
    case "plain":
      return "not offered";
    case "refusal":
      return `refused: ${reply.refusal.message}`;
    case "other":
      return reply.service ?? `unknown: ${JSON.stringify(reply.excerpt)}`;
  }
}
