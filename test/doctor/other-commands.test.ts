/** What the doctor says of a broken set-up, every other command says of it, too: it is their first line. */
import { describe, expect } from "vitest";
import type { Finding } from "../../src/finding.js";
import { folderWith, vocabdbHere as vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { freePort } from "../support/ports.js";
import { errorResponse, withFake } from "./fake.js";
import { PASSWORD } from "./table.js";

const SEED = ["seed", "-f", "words.csv", "--language", "en"];
const COMMANDS = [["user", "list"], SEED, ["db", "status"]];
const FILES = { "words.csv": "term,definition\nword,a word\n" };
const url = (port: number, query = ""): string => `postgresql://app:${PASSWORD}@127.0.0.1:${port}/vocab${query}`;

interface Told {
  readonly exitCode: number | null;
  readonly message: string;
  readonly hint: string | null;
}

async function told(args: readonly string[], look: { url: string; cwd: string }): Promise<Told> {
  const { exitCode, stderr } = await vocabdb([...args, "--json"], look);
  expect(stderr).not.toContain(PASSWORD);
  const line = stderr.trim().split("\n").at(-1) ?? "";
  const { error } = JSON.parse(line) as { error: Omit<Told, "exitCode"> };
  return { exitCode, message: error.message, hint: error.hint };
}

/** @param lost whether it cannot be known if there was a connection before: then what became of the work comes first */
async function expectTheSame(databaseUrl: string, id: string, lost = false): Promise<void> {
  const look = { url: databaseUrl, cwd: folderWith(FILES) };
  const doctor = await vocabdb(["db", "doctor", "--json"], look);
  const finding = (doctor.json() as { findings: Finding[] }).findings.find((each) => each.id === id);
  expect(finding, doctor.stdout).toBeDefined();
  const { message = "", fix = null } = finding ?? {};
  for (const args of COMMANDS) {
    expect(await told(args, look), args.join(" ")).toEqual({
      exitCode: doctor.exitCode,
      message: lost ? expect.stringContaining("was lost; what was not committed has been rolled back") : message,
      hint: lost ? `${message}; ${fix}` : fix,
    });
  }
}

describe("other commands say what the doctor says of", () => {
  it("a URL with a # in its password", async () => {
    await expectTheSame(`postgresql://app:12#${PASSWORD}@127.0.0.1:5432/vocab`, "url.special-character");
  });

  it("a placeholder in the URL", async () => {
    await expectTheSame("postgresql://postgres:[YOUR-PASSWORD]@127.0.0.1:5432/postgres", "url.placeholder");
  });

  it("a file of authorities that is not there", async () => {
    await expectTheSame(url(1, "?sslmode=verify-full&sslrootcert=/nonexistent/ca.crt"), "tls.file");
  });

  it("a port on which nobody listens", async () => {
    await expectTheSame(url(await freePort()), "net.refused");
  });

  it("an HTTP server", async () => {
    await withFake({ answer: "HTTP/1.1 400 Bad Request\r\n\r\n" }, ({ port }) =>
      expectTheSame(url(port), "net.wrong-service"),
    );
  });

  it("a proxy that hangs up", async () => {
    await withFake({ hangUp: "close" }, ({ port }) => expectTheSame(url(port), "net.closed", true));
  });

  it("a server without TLS", async () => {
    await withFake({ offer: "N" }, ({ port }) => expectTheSame(url(port, "?sslmode=require"), "tls.not-offered"));
  });

  it.for([
    ["28P01", 'password authentication failed for user "app"', "auth.password"],
    ["3D000", 'database "vocab" does not exist', "db.missing"],
    ["53300", "sorry, too many clients already", "pool.slots"],
    ["XX000", "(EMAXCONNSESSION) max clients reached in session mode - pool_size: 15", "pool.session-clients"],
  ] as const)("a login that is answered with %s %s", async ([code, message, id]) => {
    await withFake({ offer: "N", login: errorResponse(code, message) }, ({ port }) => expectTheSame(url(port), id));
  });
});
