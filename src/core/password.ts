/** Passwords as PHC strings of argon2id, with the parameters OWASP recommends (19 MiB, 2 passes, 1 lane). */
import { randomInt } from "node:crypto";
import { UsageError } from "../errors/usage.js";
import type { Secret } from "../secret.js";

const MIN_LENGTH = 8;
/** Hashing time grows with the input, so it is bounded. */
const MAX_BYTES = 1024;

/** @returns why it is refused, without the password in it; null for one that is accepted */
export function passwordProblem(password: string): string | null {
  if ([...password].length < MIN_LENGTH) {
    return `a password needs at least ${MIN_LENGTH} characters`;
  }
  return Buffer.byteLength(password) > MAX_BYTES ? `a password may have at most ${MAX_BYTES} bytes` : null;
}

/** @throws {UsageError} when the password is too short or too long; it is never part of the message */
export async function hashPassword(password: Secret): Promise<string> {
  const text = password.reveal();
  const problem = passwordProblem(text);
  if (problem !== null) {
    throw new UsageError(problem);
  }
  const { hash } = await import("@node-rs/argon2");
  // argon2id is the library's default; the database refuses anything else.
  return hash(text, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
}

/** Without letters and digits that are easily confused when read aloud or typed from paper. */
const ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const GROUPS = 4;
const GROUP_LENGTH = 5;

/** @returns 20 random characters in four groups: about 116 bits. */
export function generatePassword(): string {
  const group = (): string =>
    Array.from({ length: GROUP_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join("");
  return Array.from({ length: GROUPS }, group).join("-");
}
