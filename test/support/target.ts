/** A target as a plain URL without parameters leads to it. */
import type { Target } from "../../src/db/target.js";
import { Secret } from "../../src/secret.js";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export function targetAt({ host, port }: Address, { user, password, database }: Login, poolMax = 5): Target {
  return {
    ...{ host, port, user, password: new Secret(password), database, schema: "public" },
    tls: { mode: "disable", rootCert: null, clientCert: null, clientKey: null },
    ...{ applicationName: "vocabdb", options: null, poolMax },
    ...{ connectTimeoutMs: 10_000, poolTimeoutMs: 10_000, embedded: false },
  };
}
