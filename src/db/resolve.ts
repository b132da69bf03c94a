/** The one place that decides which database a command works on. */
import type { Config, UrlSetting } from "../config.js";
import { NoDatabaseError } from "../errors/usage.js";
import type { Finding } from "../finding.js";
import { findCluster } from "./embedded/cluster.js";
import { clusterTarget, serverState, startServer } from "./embedded/server.js";
import type { Target } from "./target.js";
import { tlsWarnings } from "./tls.js";
import { parseDatabaseUrl } from "./url.js";

export interface Resolution {
  readonly target: Target;
  /** Where migrations go: DIRECT_URL when set, else the same as `target`. */
  readonly migrationTarget: Target;
  /** About settings that work, or may; each of level `warning` or `info`. */
  readonly warnings: readonly Finding[];
  /** Whether the embedded server was stopped and has been started for this. */
  readonly startedEmbedded: boolean;
}

/**
 * `--database-url`, `DATABASE_URL` in the environment, then in the env file, then the embedded server if
 * one has been created; a stopped one is started.
 *
 * @throws {NoDatabaseError} when there is none of them: a tool that invents a database would let a broken
 *   deployment look like a success
 */
export async function resolveTarget(config: Config): Promise<Resolution> {
  if (config.databaseUrl !== null) {
    const main = parseSetting(config.databaseUrl, "DATABASE_URL", config);
    const direct = config.directUrl === null ? null : parseSetting(config.directUrl, "DIRECT_URL", config);
    return {
      target: main.target,
      migrationTarget: direct?.target ?? main.target,
      warnings: [
        ...config.warnings,
        ...main.warnings,
        ...(direct?.warnings ?? []),
        ...tlsWarnings(direct === null ? [main] : [main, direct]),
      ],
      startedEmbedded: false,
    };
  }
  const cluster = findCluster(config.home);
  if (cluster === null) {
    throw new NoDatabaseError(config.nearMiss);
  }
  const startedEmbedded = await startServer(cluster);
  const target = clusterTarget(cluster, config.poolMax);
  return { target, migrationTarget: target, warnings: config.warnings, startedEmbedded };
}

/** The same for who must start nothing: null where there is none, or where it does not run. */
export function runningTarget(config: Config): Target | null {
  if (config.databaseUrl !== null) {
    return parseSetting(config.databaseUrl, "DATABASE_URL", config).target;
  }
  const cluster = findCluster(config.home);
  return cluster === null || serverState(cluster).state !== "running" ? null : clusterTarget(cluster, config.poolMax);
}

function parseSetting(setting: UrlSetting, variable: string, config: Config) {
  const name = setting.source === "--database-url" ? setting.source : `${variable} (${setting.source})`;
  return { name, ...parseDatabaseUrl(name, setting.url, config) };
}
