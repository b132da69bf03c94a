/** What a seed did, would do, or found. */
import { differences, type SeedResult } from "../../core/seed.js";
import { naturalKey } from "../../errors/loading.js";
import type { View } from "../command.js";
import { loadText } from "./load.js";
import { type Column, table } from "./table.js";
import { count, grouped } from "./text.js";

export function seedText(result: SeedResult, view: View): string {
  const { kept, demo } = result;
  const further: string[] = [];
  if (kept.count > 0) {
    const shown = kept.words.map(({ key, users }) => ({
      word: naturalKey(Object.values(key)),
      users: grouped(users),
    }));
    further.push(
      `${count(kept.count, "word")} that no file holds and somebody has learned:\n${table(shown, KEPT_COLUMNS, view, "")}`,
    );
  }
  if (demo !== null) {
    further.push(
      `demo: ${count(demo.usersInserted, "user")} and progress on ${count(demo.progressInserted, "word")} added`,
    );
  }
  return loadText(result, { noun: "word", further: ["pruned"], differences }, view, further);
}

const KEPT_COLUMNS: readonly Column<{ readonly word: string; readonly users: string }>[] = [
  { title: "word", value: ({ word }) => word, flexible: true },
  { title: "users", align: "right", value: ({ users }) => users },
];
