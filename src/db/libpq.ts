/** A target in the variables that libpq reads, for programs that are built on it: nothing of it stands in argv. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import pg from "pg";
import type { Environment } from "../config.js";
import { isSocket, type Target } from "./target.js";
import { DEFAULTS } from "./url-parameters.js";

/**
 * @param env of this process; what libpq would read in it (PGHOST, PGSERVICE, …) is left out, because it could lead
 *   elsewhere, or weaken what the target asks for
 * @param rootCert path of the certificates to trust, where the target needs them
 */
export function libpqEnvironment(target: Target, env: Environment, rootCert: string | null): Environment {
  const { host, port, user, password, database, tls, applicationName, connectTimeoutMs } = target;
  const others = Object.entries(env).filter(([name]) => !/^PG/i.test(name));
  const options = startupOptions(target);
  return {
    ...Object.fromEntries(others),
    ...{ PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database },
    // Without one libpq looks where the driver does, in the operator's password file.
    ...(password === null ? optional("PGPASSFILE", env.PGPASSFILE) : { PGPASSWORD: password.reveal() }),
    PGSSLMODE: isSocket(target) ? "disable" : tls.mode,
    ...optional("PGSSLROOTCERT", rootCert),
    ...optional("PGSSLCERT", tls.clientCert),
    ...optional("PGSSLKEY", tls.clientKey),
    // libpq would ask for it before TLS, and Supabase's pooler answers that with what libpq does not understand.
    PGGSSENCMODE: "disable",
    PGAPPNAME: applicationName,
    PGCONNECT_TIMEOUT: String(Math.ceil(connectTimeoutMs / 1000)),
    ...optional("PGOPTIONS", options === "" ? null : options),
  };
}

function optional(name: string, value: string | null | undefined): Environment {
  return value === null || value === undefined ? {} : { [name]: value };
}

/** The server splits them at spaces, and takes a backslash for an escape. */
function startupOptions({ options, schema }: Target): string {
  const searchPath = pg.escapeIdentifier(schema).replace(/[\\\s]/g, "\\$&");
  return [options ?? [], schema === DEFAULTS.schema ? [] : `-c search_path=${searchPath}`].flat().join(" ");
}

/**
 * The bracket around a program that reads these variables. Where the target trusts the authorities of the machine,
 * libpq gets those that Node trusts, so that it verifies what every other command verifies: before version 16 it
 * knows none, and then only for `verify-full`.
 */
export async function withLibpqEnvironment<T>(
  target: Target,
  env: Environment,
  work: (env: Environment) => Promise<T>,
): Promise<T> {
  const { mode, rootCert } = target.tls;
  const trustsMachine = rootCert === "system" || (rootCert === null && mode.startsWith("verify-"));
  if (!trustsMachine) {
    return work(libpqEnvironment(target, env, rootCert));
  }
  const folder = await mkdtemp(join(tmpdir(), "vocabdb-certificates-"));
  try {
    const path = join(folder, "authorities.pem");
    await writeFile(path, rootCertificates.join("\n"));
    return await work(libpqEnvironment(target, env, path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
