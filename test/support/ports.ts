/** A port on which nobody listens. */
import { expect } from "vitest";
import { tryPort } from "../../src/db/ports.js";

export async function freePort(): Promise<number> {
  return (await tryPort(0)) ?? expect.unreachable("no port is free");
}
