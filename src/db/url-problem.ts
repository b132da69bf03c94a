/** What the readers of a URL share: how a problem is told, and the parts as they stand in it. */
import type { Finding, FindingId } from "../finding.js";

export const FORM = "postgresql://USER:PASSWORD@HOST:5432/DATABASE";

/** The parts of a URL as they stand in it, still encoded. */
export interface Authority {
  readonly user: string;
  readonly password: string;
  /** With the port. */
  readonly host: string;
  /** With the slash that begins it, or empty. */
  readonly path: string;
  readonly query: string;
}

/** What this text would be as a URL to show, or null where it cannot be read either. */
export type CorrectedUrl = (text: string) => string | null;

export function problem(
  name: string,
  id: FindingId,
  what: string,
  fix: string | null = `expected the form ${FORM}`,
): Finding {
  return { id, level: "error", message: `${name} ${what}`, fix };
}

/** `use URL` where there is a URL to use, else the form of one. */
export function useOrForm(url: string | null): string {
  return url === null ? `expected the form ${FORM}` : `use ${url}`;
}
