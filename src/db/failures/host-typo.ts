/** Host names that are nearly those of a provider. */
import { editDistance } from "../../nearest.js";

const PROVIDERS = [
  ...[".pooler.supabase.com", ".supabase.co", ".neon.tech", ".rds.amazonaws.com", ".postgres.database.azure.com"],
  ...[".db.ondigitalocean.com", ".aivencloud.com", ".render.com", ".railway.app", ".fly.dev"],
];
const MOST_TYPOS = 2;

/** @returns the name as it was likely meant, null where it is like none, or is one */
export function likelyHost(host: string): string | null {
  const labels = host.toLowerCase().split(".");
  for (const provider of PROVIDERS) {
    const count = provider.split(".").length - 1;
    const ending = `.${labels.slice(-count).join(".")}`;
    if (labels.length <= count || ending === provider) {
      continue;
    }
    if (editDistance(ending, provider) <= MOST_TYPOS && !PROVIDERS.some((known) => host.endsWith(known))) {
      return `${labels.slice(0, -count).join(".")}${provider}`;
    }
  }
  return null;
}
