/** What the first bytes that a server sends say about it. */

/** An error as the server, or a pooler before it, words it; the driver's errors have the same fields. */
export interface ServerRefusal {
  /** SQLSTATE; null from very old servers, and when the server could not start a process. */
  readonly code: string | null;
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
}

export type Reply =
  | { readonly kind: "tls" }
  | { readonly kind: "plain" }
  | { readonly kind: "refusal"; readonly refusal: ServerRefusal }
  /** @property service what it looks like, null where nobody knows */
  | { readonly kind: "other"; readonly service: string | null; readonly excerpt: string };

/** Protocols in which the server speaks first, or answers what it does not understand. */
const SERVICES: readonly (readonly [pattern: RegExp, service: string])[] = [
  [/^HTTP\/|^<!doctype|^<html/i, "an HTTP server"],
  [/^SSH-/, "an SSH server"],
  [/^[-+]ERR|^-NOAUTH|^-DENIED|^[+]PONG/, "Redis"],
  [/^[\s\S]{3}\x00[\x09\x0a\xff]/, "MySQL or MariaDB"],
  [/^220[ -][\s\S]*(SMTP|ESMTP|mail)/i, "an SMTP server"],
  [/^220[ -]/, "an FTP or SMTP server"],
  [/^\+OK/, "a POP3 server"],
  [/^\* (OK|PREAUTH|BYE)/, "an IMAP server"],
  [/^AMQP/, "an AMQP broker (RabbitMQ)"],
  [/^(ERROR|CLIENT_ERROR|SERVER_ERROR)\b/, "Memcached"],
  [/^INFO \{/, "NATS"],
  [/^RFB \d/, "a VNC server"],
  [/^\x15\x03/, "a server that speaks TLS from the first byte (HTTPS, for example)"],
  [/^\x83|^\x82[\s\S]{3}/, "a NetBIOS or SMB server"],
];

/** @param bytes what came back after PostgreSQL's SSLRequest, or before it */
export function readReply(bytes: Buffer): Reply {
  const text = bytes.toString("latin1");
  if (text === "S" || text === "N") {
    return { kind: text === "S" ? "tls" : "plain" };
  }
  const refusal = readRefusal(bytes);
  if (refusal !== null) {
    return { kind: "refusal", refusal };
  }
  const service = SERVICES.find(([pattern]) => pattern.test(text))?.[1] ?? null;
  return { kind: "other", service, excerpt: text.slice(0, 40) };
}

/** PostgreSQL's ErrorResponse: `E`, its length, then fields, each a letter and a text that ends with a zero byte. */
function readRefusal(bytes: Buffer): ServerRefusal | null {
  if (bytes[0] !== 0x45 || bytes.length < 6) {
    return null;
  }
  const length = bytes.readUInt32BE(1);
  if (length > 30_000) {
    // Before protocol 3, and still when no process can be started: `E`, then the message.
    const end = bytes.indexOf(0);
    return end === bytes.length - 1 ? refusalOf(new Map([["M", bytes.toString("utf8", 1, end).trim()]])) : null;
  }
  const fields = new Map<string, string>();
  for (const field of bytes.toString("utf8", 5, length + 1).split("\0")) {
    fields.set(field.charAt(0), field.slice(1));
  }
  return fields.has("M") ? refusalOf(fields) : null;
}

function refusalOf(fields: ReadonlyMap<string, string>): ServerRefusal {
  return {
    code: fields.get("C") ?? null,
    message: fields.get("M") ?? "",
    detail: fields.get("D") ?? null,
    hint: fields.get("H") ?? null,
  };
}
