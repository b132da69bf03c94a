/** Where a PostgreSQL does answer on this machine, for those who have the port wrong. */
import { readdirSync } from "node:fs";
import { askForTls } from "./offer.js";
import { openSocket } from "./socket.js";

/** PostgreSQL, a second one beside it, PgBouncer, Supabase's pooler, the local Supabase. */
const USUAL_PORTS = [5432, 5433, 5434, 6432, 6543, 54322];
const SOCKET_FOLDERS = ["/var/run/postgresql", "/tmp"];
const PROBE_MS = 400;

export interface LocalServer {
  /** Address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
}

/** @returns those that answer as PostgreSQL does, within half a second */
export async function findLocalServers(signal: AbortSignal): Promise<LocalServer[]> {
  const candidates: LocalServer[] = [
    ...USUAL_PORTS.map((port) => ({ host: "127.0.0.1", port })),
    ...SOCKET_FOLDERS.flatMap((host) => socketPorts(host).map((port) => ({ host, port }))),
  ];
  const answers = await Promise.all(candidates.map((server) => speaksPostgres(server, signal)));
  return candidates.filter((_, index) => answers[index]);
}

function socketPorts(folder: string): number[] {
  try {
    return readdirSync(folder).flatMap((name) => {
      const port = /^\.s\.PGSQL\.(\d+)$/.exec(name)?.[1];
      return port === undefined ? [] : [Number(port)];
    });
  } catch {
    return [];
  }
}

async function speaksPostgres({ host, port }: LocalServer, signal: AbortSignal): Promise<boolean> {
  const limit = { timeoutMs: PROBE_MS, signal };
  try {
    const socket = await openSocket(host, port, limit);
    try {
      return (await askForTls(socket, limit)).kind !== "other";
    } finally {
      socket.destroy();
    }
  } catch {
    return false;
  }
}
