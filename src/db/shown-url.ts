/** Connection URLs to copy from a message. */

import { isSocket, type SslMode, type Target } from "./target.js";
import { DEFAULTS } from "./url-parameters.js";

/** The URL of a target, correctly encoded, with the word PASSWORD where a password belongs. */
export function shownUrl(target: Target): string {
  const { host, port, user, password, database } = target;
  const userInfo = `${encodeURIComponent(user)}${password === null ? "" : ":PASSWORD"}`;
  const hostName = host.includes(":") ? `[${host.replace("%", "%25")}]` : encodeURIComponent(host);
  const parameters = parametersOf(target)
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2F", "/")}`)
    .join("&");
  const query = parameters === "" ? "" : `?${parameters}`;
  return `postgresql://${userInfo}@${hostName}:${port}/${encodeURIComponent(database)}${query}`;
}

/** The same URL with another `sslmode`, and a file of trusted certificates where one is named. */
export function shownUrlWithTls(target: Target, mode: SslMode, rootCert: string | null = target.tls.rootCert): string {
  return shownUrl({ ...target, tls: { ...target.tls, mode, rootCert } });
}

/** Those that differ from what is taken without them. */
function parametersOf(target: Target): [name: string, value: string][] {
  const { mode, rootCert, clientCert, clientKey } = target.tls;
  const all: [string, string | null, string | null][] = [
    ["schema", target.schema, DEFAULTS.schema],
    ["sslmode", isSocket(target) ? DEFAULTS.sslMode : mode, DEFAULTS.sslMode],
    ["sslrootcert", rootCert, null],
    ["sslcert", clientCert, null],
    ["sslkey", clientKey, null],
    ["application_name", target.applicationName, DEFAULTS.applicationName],
    ["options", target.options, null],
    ["connection_limit", String(target.poolMax), String(DEFAULTS.poolMax)],
    ["connect_timeout", String(target.connectTimeoutMs / 1000), String(DEFAULTS.timeoutMs / 1000)],
    ["pool_timeout", String(target.poolTimeoutMs / 1000), String(DEFAULTS.timeoutMs / 1000)],
  ];
  return all.flatMap(([name, value, standard]) => (value === null || value === standard ? [] : [[name, value]]));
}
