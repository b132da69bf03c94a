/** What is wrong with a URL before its parts can be read: something else, something around it, or cut short. */
import { DatabaseUrlError } from "../errors/usage.js";
import type { Finding, FindingId } from "../finding.js";
import { isKnown } from "./url-parameters.js";
import { type Authority, type CorrectedUrl, FORM, problem, useOrForm } from "./url-problem.js";
import { otherAddress } from "./url-scheme.js";

/** @throws {DatabaseUrlError} with what stands in the way of reading the parts; nothing of a password is in it */
export function splitUrl(name: string, value: string, corrected: CorrectedUrl): Authority {
  const found =
    wrapped(name, value, corrected) ??
    invisible(name, value, corrected) ??
    otherAddress(name, value, corrected) ??
    cutShort(name, value, corrected);
  if (found !== null) {
    throw new DatabaseUrlError([found]);
  }
  const { authority, tail } = halves(value);
  const at = authority.lastIndexOf("@");
  const userInfo = at === -1 ? "" : authority.slice(0, at);
  const colon = userInfo.indexOf(":");
  const question = tail.indexOf("?");
  return {
    user: colon === -1 ? userInfo : userInfo.slice(0, colon),
    password: colon === -1 ? "" : userInfo.slice(colon + 1),
    host: authority.slice(at + 1),
    path: question === -1 ? tail : tail.slice(0, question),
    query: question === -1 ? "" : tail.slice(question + 1),
  };
}

/** What people, shells and other programs leave around a URL. */
const WRAPPINGS: readonly { id: FindingId; around: RegExp; what: string; fix: string }[] = [
  {
    id: "url.quotes",
    around: /^["'`“‘](.*?)["'`”’]?;?$/s,
    what: "begins with a quotation mark",
    fix: "remove the quotes around the URL: docker --env-file and systemd keep them",
  },
  {
    id: "url.name-repeated",
    around: /^(?:export\s+)?[A-Z][A-Z0-9_]*\s*=\s*["']?(.*?)["']?$/s,
    what: "begins with the name of a variable",
    fix: "keep only what follows the =",
  },
  {
    id: "url.command",
    around: /^psql\s+(?:-d\s*)?["']?(.*?)["']?$/s,
    what: "is a command of psql",
    fix: "keep only the URL in it",
  },
];

function wrapped(name: string, value: string, corrected: CorrectedUrl): Finding | null {
  for (const { id, around, what, fix } of WRAPPINGS) {
    const inside = around.exec(value)?.[1];
    if (inside !== undefined) {
      return problem(name, id, what, `${fix}; ${useOrForm(corrected(inside))}`);
    }
  }
  return null;
}

/** Control characters, and what takes no room on a screen: they come along when a URL is copied. */
const INVISIBLE = /[\u0000-\u001f\u007f\u200b-\u200f\u2060\ufeff]/g;

function invisible(name: string, value: string, corrected: CorrectedUrl): Finding | null {
  const visible = value.replace(INVISIBLE, "");
  if (visible === value) {
    return null;
  }
  const what = /[\r\n]/.test(value) ? "a line break" : "an invisible character";
  const fix = `${useOrForm(corrected(visible))} (in a password it would be written in its encoded form)`;
  return problem(name, "url.invisible-character", `has ${what} in it`, fix);
}

/** Characters that end a part of a URL and were meant to belong to it. */
function cutShort(name: string, value: string, corrected: CorrectedUrl): Finding | null {
  const { authority, tail } = halves(value);
  const hasAt = authority.includes("@");
  if (hasAt && hasStrayAt(tail)) {
    // What follows the first @ may be part of the password, so none of it may be named.
    return problem(
      name,
      "url.password-unclear",
      "has an @ after its host part, so that it is not clear where the password ends",
      "in a password write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A, % as %25; in other places too @ as %40",
    );
  }
  if (!hasAt && hasUserInfoCutShort(authority, tail)) {
    const character = tail.charAt(0);
    const url = corrected(withEncodedUserInfo(value));
    return problem(
      name,
      "url.special-character",
      `has a user name or password with the character ${character}, which ends the host part of a URL`,
      `write it as ${encodeURIComponent(character)}; in a password also @ as %40, : as %3A, % as %25, a space as %20${url === null ? "" : `; use ${url}`}`,
    );
  }
  if (!value.includes("@") && /^[^[].*:\D/.test(authority)) {
    return problem(
      name,
      "url.cut-off",
      "has no @ before a host, as if it had been cut off in the middle",
      `expected the form ${FORM}; in a .env file # begins a comment: write # as %23, and put the URL in double quotes`,
    );
  }
  if (tail.includes("#")) {
    return problem(
      name,
      "url.fragment",
      "contains #, which cuts a URL short",
      "write # as %23; in a .env file also put the URL in double quotes",
    );
  }
  return null;
}

function halves(value: string): { authority: string; tail: string } {
  const rest = value.slice(value.indexOf("://") + 3);
  const end = rest.search(/[/?#]/);
  return end === -1 ? { authority: rest, tail: "" } : { authority: rest.slice(0, end), tail: rest.slice(end) };
}

/** Whether an @ that follows the first /, ? or # shows that this character belonged to the password. */
function hasUserInfoCutShort(authority: string, tail: string): boolean {
  const looksLikeHost = /^[^:]*(:\d*)?$/.test(authority);
  return tail.includes("@") && (!looksLikeHost || hasStrayAt(tail));
}

/** Whether there is an @ behind the host part, other than in the value of a parameter. */
function hasStrayAt(tail: string): boolean {
  const [path = "", ...pairs] = tail.split(/[?&]/);
  return path.includes("@") || pairs.some((pair) => pair.includes("@") && !isKnown(pair.split("=")[0] ?? ""));
}

/** Taken as it was meant: all before the last @ is user and password. */
function withEncodedUserInfo(value: string): string {
  const start = value.indexOf("://") + 3;
  const at = value.lastIndexOf("@");
  const [user = "", ...password] = value.slice(start, at).split(":");
  // What is encoded already stays as it is.
  const encodedUser = encodeURIComponent(user).replace(/%25([0-9A-Fa-f]{2})/g, "%$1");
  return `${value.slice(0, start)}${encodedUser}:${encodeURIComponent(password.join(":"))}${value.slice(at)}`;
}
