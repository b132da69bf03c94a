/** Where something happens: at which messages of a run, spread over all of it. */
import { inject } from "vitest";
import type { Turn } from "./course.js";

export interface Point {
  /** Of the turn, from 1 on. */
  readonly number: number;
  /** Before the message is passed on, or just after. */
  readonly when: "before" | "after";
  readonly turn: Turn;
}

const ENOUGH = 25;

/** In a full run all of them, in a short one every so many, others with each seed. @param shift others with each experiment */
export function someOf<T>(items: readonly T[], every: number, shift = 0): T[] {
  const { seed, effort } = inject("experiment");
  return effort === "full" ? [...items] : items.filter((_, index) => (index + seed + shift) % every === 0);
}

/** The first and the last turn, every COMMIT and its answer, and as many others as it takes, spread evenly. */
export function pointsOf(turns: readonly Turn[]): Point[] {
  const all = turns.flatMap((turn, index) =>
    (["before", "after"] as const).map((when): Point => ({ number: index + 1, when, turn })),
  );
  const isChosen = ({ turn }: Point, index: number): boolean =>
    index === 0 || index === all.length - 1 || / COMMIT$/.test(turn.says);
  const chosen = all.filter(isChosen);
  const others = all.filter((point) => !chosen.includes(point));
  const points = new Set([...chosen, ...spread(others, ENOUGH - chosen.length, 0.5)]);
  return all.filter((point) => points.has(point));
}

/** So many of them, at the same distance from each other. @param from 0 to 1: where the first one is between two */
export function spread<T>(items: readonly T[], wanted: number, from: number): T[] {
  return items.filter((_, index) => {
    const before = Math.floor(((index + 1 - from) * wanted) / items.length);
    return Math.floor(((index + 2 - from) * wanted) / items.length) > before;
  });
}
