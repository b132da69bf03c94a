/** Every finding has a name that is used, can be chosen, and is explained. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { databaseChecks } from "../../src/core/doctor/checks.js";
import { selectableIds, stages } from "../../src/core/doctor/stages.js";
import { connectionFindings } from "../../src/db/errors.js";
import { type FindingId, findingIds } from "../../src/finding.js";
import { packageRoot } from "../../src/package-root.js";

/** Of the examination itself, or met by commands that run for longer than it does. */
const NOT_SELECTABLE: readonly FindingId[] = [
  ...(["db.dropped", "db.no-createdb", "doctor.check-failed", "doctor.timeout", "pool.exhausted"] as const),
  ...(["pool.prepared-statement", "pool.session-state", "server.cancelled", "server.corrupted"] as const),
  ...(["server.crashed", "server.idle-timeout", "server.out-of-memory", "server.plan-changed"] as const),
  ...(["server.terminated", "server.transaction-timeout"] as const),
];

it("docs/doctor.md explains each once, and none that is not there", () => {
  const text = readFileSync(join(packageRoot, "docs", "doctor.md"), "utf8");
  const [, list = ""] = text.split("## Every finding");
  const documented = [...list.matchAll(/^\| `([a-z-]+\.[a-z0-9-]+)` \| [a-z, ]+ \| [^|]+ \| [^|]+ \|$/gm)];
  expect(documented.map(([, id]) => id).sort()).toEqual([...findingIds].sort());
});

it("each can be chosen by --only, but for those that no examination looks for", () => {
  expect([...selectableIds, ...NOT_SELECTABLE].sort()).toEqual([...findingIds].sort());
});

it("each stands in the source where it is made", () => {
  const registry = join(packageRoot, "src", "finding.ts");
  const folder = join(packageRoot, "src");
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path))
    .filter((path) => path.endsWith(".ts") && path !== registry && !path.endsWith("doctor/stages.ts"))
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
  expect(findingIds.filter((id) => !sources.includes(`"${id}"`))).toEqual([]);
});

it("each that the classifier or a check can make belongs to a stage that may meet it", () => {
  const known = new Set<string>([...Object.values(stages).flat(), ...NOT_SELECTABLE]);
  const made = [...connectionFindings, ...databaseChecks.flatMap(({ ids }) => ids)];
  expect(made.filter((id) => !known.has(id))).toEqual([]);
});
