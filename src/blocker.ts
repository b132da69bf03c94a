/** Whoever holds what a migration waits for, and what can be done about it. */
import { ageText } from "./age.js";

export interface Blocker {
  /** Of the server's process; null for a prepared transaction, which has none. */
  readonly pid: number | null;
  /** As it calls itself; empty if it does not. */
  readonly application: string;
  readonly user: string | null;
  /** As in pg_stat_activity, such as `idle in transaction`; null where our role may not know. */
  readonly state: string | null;
  /** Of its transaction, in seconds; null outside of one, or where our role may not know. */
  readonly ageSeconds: number | null;
  /** What it runs, or ran last, without its literals; of a prepared transaction its identifier. */
  readonly query: string | null;
  /** Whether it waits for a lock itself. */
  readonly waiting: boolean;
}

/** Something is waited for: that another deploy ends, or a lock of a table. */
export interface Wait {
  readonly on: "deploy" | "lock";
  readonly blockers: readonly Blocker[];
}

export function waitText({ on, blockers }: Wait): string {
  const what = on === "deploy" ? "waiting for another deploy" : "trying again and again for a lock that others hold";
  return `${what}: ${blockers.map(blockerText).join("; ")}`;
}

/** `pid 4242 (psql, user ada), idle in transaction for 3 min: UPDATE users SET name = '…'` */
export function blockerText(blocker: Blocker): string {
  const { pid, application, user, state, ageSeconds, query, waiting } = blocker;
  const age = ageSeconds === null ? "" : ` for ${ageText(ageSeconds)}`;
  const who = [application === "" ? "unnamed" : application, ...(user === null ? [] : [`user ${user}`])].join(", ");
  const doing = `${state ?? "in a state that your role may not see"}${age}${waiting ? ", waiting for a lock itself" : ""}`;
  // A name in quotes may hold whatever its owner likes, line ends included.
  const what = query === null || query === "" ? "" : `: ${query.replace(/\s+/g, " ")}`;
  return pid === null ? `a prepared transaction${age}${what}` : `pid ${pid} (${who}), ${doing}${what}`;
}

/** What to do about them, one clause for each kind. */
export function blockerRemedies(blockers: readonly Blocker[]): string[] {
  const roots = blockers.filter(({ waiting }) => !waiting);
  const found = roots.length > 0 ? roots : blockers;
  const idle = found.filter(({ state }) => state?.startsWith("idle") === true);
  const busy = found.filter(({ pid, state }) => pid !== null && state?.startsWith("idle") !== true);
  return [
    ...(idle.length > 0
      ? [`have ${pids(idle)} commit or roll back, or end ${idle.length > 1 ? "them" : "it"}: ${terminate(idle)}`]
      : []),
    ...(busy.length > 0 ? [`wait until ${pids(busy)} is done, or end it: ${terminate(busy)}`] : []),
    ...(found.some(({ pid }) => pid === null)
      ? ["finish the prepared transaction: COMMIT PREPARED or ROLLBACK PREPARED with its identifier"]
      : []),
  ];
}

function pids(blockers: readonly Blocker[]): string {
  return `pid ${blockers.map(({ pid }) => pid).join(", ")}`;
}

function terminate(blockers: readonly Blocker[]): string {
  return blockers.map(({ pid }) => `SELECT pg_terminate_backend(${pid})`).join(", ");
}
