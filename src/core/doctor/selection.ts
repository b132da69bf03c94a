/** What `--only` and `--skip` leave to be looked at. */
import { UsageError } from "../../errors/usage.js";
import type { FindingId } from "../../finding.js";
import { nearest } from "../../nearest.js";
import { type StageName, selectableIds, stageNames, stages } from "./stages.js";

export interface Selection {
  /** Names of stages, ids, or what stands before the dot in ids; empty: everything. */
  readonly only: readonly string[];
  readonly skip: readonly string[];
}

export interface Selected {
  readonly has: (id: FindingId) => boolean;
  /** Whether anything of the stage is asked for. */
  readonly wants: (stage: StageName) => boolean;
}

/** @throws {UsageError} naming each word that is none of them, with the one that was likely meant */
export function select({ only, skip }: Selection): Selected {
  const known = selectable();
  const unknown = [...only, ...skip].filter((word) => !known.includes(word));
  if (unknown.length > 0) {
    const problems = unknown.map((word) => {
      const meant = nearest(word, known);
      return `the doctor knows no ${JSON.stringify(word)}${meant === null ? "" : `; did you mean ${meant}?`}`;
    });
    throw new UsageError(
      problems.join("\n"),
      `stages: ${stageNames.join(", ")}; areas: ${areas().join(", ")}; ids: ${[...selectableIds].join(", ")}`,
    );
  }
  const names = (words: readonly string[], id: FindingId): boolean =>
    words.some((word) => word === id || word === areaOf(id) || (stages[word as StageName]?.includes(id) ?? false));
  const has = (id: FindingId): boolean => (only.length === 0 || names(only, id)) && !names(skip, id);
  return {
    has,
    wants: (stage) => (only.length === 0 && !skip.includes(stage)) || stages[stage].some(has) || only.includes(stage),
  };
}

function areas(): string[] {
  return [...new Set([...selectableIds].map(areaOf))];
}

function areaOf(id: string): string {
  return id.split(".")[0] ?? "";
}

/** Everything that may be named. */
export function selectable(): string[] {
  return [...new Set([...stageNames, ...areas(), ...selectableIds])];
}
