/**
 * The one rule for emails, as in the check constraints of `users`: trimmed, lower-case, ASCII, of the form
 * local@domain.tld. International domains are stored in their ASCII form (xn--…), so that two spellings of
 * one address are one user, and no look-alike letter can pass for another.
 */
import { domainToASCII } from "node:url";
import { EmailInvalidError } from "../errors/usage.js";
import { excerpt } from "../excerpt.js";

const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const TOP_LEVEL_LABEL = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;
const MAX_LENGTH = 254;
const MAX_LOCAL_LENGTH = 64;
/** Nothing longer becomes short enough, whatever composes in it; what converts domains takes the square of their length. */
const MAX_INPUT_LENGTH = 4 * MAX_LENGTH;

const TOO_LONG = `it is longer than ${MAX_LENGTH} characters (${MAX_LOCAL_LENGTH} before the @)`;

/** @returns the address as it is stored. @throws {EmailInvalidError} */
export function normalizeEmail(input: string): string {
  const outcome = parseEmail(input);
  if ("problem" in outcome) {
    throw new EmailInvalidError(input, outcome.problem);
  }
  return outcome.email;
}

export function emailProblem(input: string, problem: string): string {
  return `${excerpt(input)} is not a valid email address: ${problem}`;
}

/** @returns what stands after the @ in stored emails, null where it is no domain; written with the @, or in its own script, it is the same */
export function parseDomain(input: string): string | null {
  const name = lowerCase(input.trim().replace(/^@/, ""));
  const domain = name.length > MAX_INPUT_LENGTH ? "" : asciiDomain(name);
  return isDomainName(domain) ? domain : null;
}

/** For millions of them: an error for each would cost more than the rest. */
export function parseEmail(input: string): { readonly email: string } | { readonly problem: string } {
  if (input.length > MAX_INPUT_LENGTH && input.trim().length > MAX_INPUT_LENGTH) {
    return { problem: TOO_LONG };
  }
  const parts = lowerCase(input.trim()).split("@");
  const [local, domain] = parts;
  if (parts.length !== 2 || !local || !domain) {
    return { problem: "it must have the form name@domain.tld" };
  }
  if (!LOCAL_PART.test(local)) {
    return {
      problem: /[^\x20-\x7e]/.test(local)
        ? "the part before @ may hold only ASCII letters, digits and punctuation"
        : "the part before @ holds a character that is not allowed there, or a dot at its end or beside another",
    };
  }
  const ascii = asciiDomain(domain);
  if (!isDomainName(ascii)) {
    return { problem: "the part after @ is not a domain name such as example.org" };
  }
  const email = `${local}@${ascii}`;
  if (local.length > MAX_LOCAL_LENGTH || email.length > MAX_LENGTH) {
    return { problem: TOO_LONG };
  }
  return { email };
}

/** Only ASCII letters: toLowerCase would also make a k of the Kelvin sign, a look-alike. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function isDomainName(ascii: string): boolean {
  const labels = ascii.split(".");
  const topLevel = labels.pop() ?? "";
  return labels.length > 0 && labels.every((label) => DOMAIN_LABEL.test(label)) && TOP_LEVEL_LABEL.test(topLevel);
}

/**
 * Plain names are not sent through IDNA: it would turn a number into an IP address. Neither is what no
 * domain can hold: `domainToASCII` reads a URL, and would drop a path, a query and whatever follows.
 */
function asciiDomain(domain: string): string {
  const isPlain = /^[\x21-\x7e]+$/.test(domain);
  const isInternational = /^[a-z0-9.\u0080-\u{10ffff}-]+$/u.test(domain);
  return isPlain || !isInternational ? domain : domainToASCII(domain);
}
