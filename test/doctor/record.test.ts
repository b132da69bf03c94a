/** What an examination keeps of what its stages find. */
import { expect, it } from "vitest";
import { ExaminationRecord } from "../../src/core/doctor/record.js";
import { select } from "../../src/core/doctor/selection.js";
import type { StageName } from "../../src/core/doctor/stages.js";
import type { FindingId } from "../../src/finding.js";

async function recordOf(...found: readonly (readonly [stage: StageName, id: FindingId, message: string])[]) {
  const { signal } = new AbortController();
  const record = new ExaminationRecord({
    ...{ selected: select({ only: [], skip: [] }), timeoutMs: 1_000 },
    ...{ signal, interrupted: signal, onStage: () => {} },
  });
  const look = record.lookAt("DATABASE_URL", null);
  for (const [stage, id, message] of found) {
    await look(stage, async () => ({
      ...{ value: null, detail: "" },
      findings: [{ id, level: "warning", message, fix: null }],
    }));
  }
  return record.findings.map(({ message }) => message);
}

it("tells of every check that could not look, in whatever stage", async () => {
  const failed = [
    ["server", "doctor.check-failed", "not the server"],
    ["schema", "doctor.check-failed", "nor the schema"],
  ] as const;
  expect(await recordOf(...failed)).toEqual(["not the server", "nor the schema"]);
});

it("takes what a later stage on the way says of the same for what the earlier said", async () => {
  const seen = [
    ["tcp", "net.timeout", "no answer yet"],
    ["login", "net.timeout", "no answer to a login"],
  ] as const;
  expect(await recordOf(...seen)).toEqual(["no answer to a login"]);
});

it("leaves to the server's own facts what a write has met", async () => {
  const met = [
    ["server", "server.read-only", "set for the role"],
    ["write", "server.read-only", "refused"],
  ] as const;
  expect(await recordOf(...met)).toEqual(["set for the role"]);
});
