/** Words of a template that nobody has replaced. A server that is asked with them counts a wrong password. */
import type { Finding } from "../finding.js";
import { isSupabase, SESSION_POOLER } from "./supabase.js";
import type { Target } from "./target.js";
import { FORM, problem } from "./url-problem.js";

/** In brackets of any kind, or as examples have it. The word in small letters is the real one of many a test server. */
const PASSWORDS =
  /^(?:[[<{(](?:[Yy]our|YOUR|[Dd]b|DB)?[-_ ]?(?:[Pp]assword|PASSWORD)[\]>})]|PASSWORD|(?:YOUR|your)[-_ ]?(?:password|PASSWORD))$/;

const NAMES = [
  ["user", /^(?:USER|USERNAME|<.*>)$|\.(?:PROJECT|\[.*\]|<.*>)$/],
  ["host", /^(?:HOST|HOSTNAME|ADDRESS|PRIMARY)$|N-REGION|<.*>/],
  ["database", /^(?:DATABASE|DBNAME|<.*>|\[.*\])$/],
] as const;

export function placeholders(name: string, target: Target): Finding[] {
  const found: Finding[] = [];
  const add = (what: string, part: string, fix: string): void => {
    found.push(problem(name, "url.placeholder", `still has ${what} where its ${part} belongs`, fix));
  };
  if (PASSWORDS.test(target.password?.reveal() ?? "")) {
    const where = isSupabase(target)
      ? "; a new one in the Supabase dashboard: Database → Settings → Reset database password"
      : "";
    add("a placeholder", "password", `put the password of ${target.user} there, brackets and all${where}`);
  }
  for (const [part, pattern] of NAMES) {
    if (pattern.test(target[part])) {
      const fix = /N-REGION|\.PROJECT$/.test(target[part]) ? SESSION_POOLER : `put the ${part} there: ${FORM}`;
      add(`the placeholder ${target[part]}`, part, fix);
    }
  }
  return found;
}
