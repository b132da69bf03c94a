/** How the way from this process to the server, or to the pooler before it, is protected. */
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ClientBase } from "pg";

export interface EncryptionInUse {
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
  /** Whether the server proved who it is; what `sslmode` asks for decides whether it had to. */
  readonly verified: boolean;
}

/** @returns null without TLS; the server's own view would be that of the connection between it and a pooler */
export function encryptionOf(client: ClientBase): EncryptionInUse | null {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
  return stream instanceof TLSSocket
    ? { protocol: stream.getProtocol() ?? "unknown", verified: stream.authorized }
    : null;
}
