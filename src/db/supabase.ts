/** What Supabase's host names tell. Its direct hosts have only IPv6; its pooler (Supavisor) has both. */
import { shownUrl } from "./shown-url.js";
import type { Target } from "./target.js";

/** Where the dashboard shows the URL that works from everywhere. */
export const SESSION_POOLER = "in the Supabase dashboard: Connect → Session pooler → copy the URI";

/** The project of a direct host `db.PROJECT.supabase.co`, or null. */
export function projectOf({ host }: Target): string | null {
  return /^db\.([^.]+)\.supabase\.(?:co|com|in|net)$/i.exec(host)?.[1] ?? null;
}

/** The project of the host of an API, `PROJECT.supabase.co`, which has no database, or null. */
function projectOfApi({ host }: Target): string | null {
  return /^([a-z0-9]{20})\.supabase\.(?:co|com|in|net)$/i.exec(host)?.[1] ?? null;
}

/** What to use in place of the host of an API, or null where it is none. */
export function insteadOfApi(target: Target): string | null {
  const project = projectOfApi(target);
  return project === null
    ? null
    : `use ${sessionPoolerUrl(project, target)} (${SESSION_POOLER}); or, from a network that has IPv6, ${shownUrl({ ...target, host: `db.${target.host}`, port: 5432 })}`;
}

export function isSupabasePooler({ host }: Target): boolean {
  return /\.pooler\.supabase\.(?:co|com)$/i.test(host);
}

export function isSupabase(target: Target): boolean {
  return projectOf(target) !== null || isSupabasePooler(target);
}

/** Whether the pooler can tell the project: by the user (`postgres.PROJECT`), or by the parameter `options`. */
export function namesProject({ user, options }: Target): boolean {
  return user.includes(".") || (options?.includes("reference=") ?? false);
}

/** Why a user, and with which URL it would fit. */
interface Misfit {
  readonly reason: string;
  readonly fix: string;
}

/** Whether the user is written as the other of Supabase's two ways in wants it. */
export function misfitOf(target: Target): Misfit | null {
  if (isSupabasePooler(target)) {
    return namesProject(target) ? null : withoutProject(target);
  }
  if (projectOf(target) === null || !target.user.includes(".")) {
    return null;
  }
  const user = target.user.split(".")[0] ?? "";
  return {
    reason: `on a direct host of Supabase the user is ${user}, without the project`,
    fix: `use ${shownUrl({ ...target, user })}`,
  };
}

/** What the pooler lacks of a user that does not tell the project. */
export function withoutProject(target: Target): Misfit {
  return {
    reason: `through Supabase's pooler the user is ${target.user}.PROJECT, which tells it the project`,
    fix: `use ${shownUrl({ ...target, user: `${target.user}.PROJECT` })} with the name of your project (${SESSION_POOLER})`,
  };
}

/** The URL of the session pooler, as far as it can be known. */
export function sessionPoolerUrl(project: string, { user, database }: Target): string {
  return `postgresql://${encodeURIComponent(user)}.${project}:PASSWORD@aws-N-REGION.pooler.supabase.com:5432/${encodeURIComponent(database)}`;
}
