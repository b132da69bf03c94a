/**
 * Progress, as files have it: by the user's email and the word's natural key, which mean the same in every
 * database. In the table it stands under the ids of this one; progress-merge.ts finds them.
 */

import { excerpt } from "../../excerpt.js";
import { Refusal, type RowFault, type Shape } from "./shape.js";
import { timeCell } from "./time-cell.js";
import { USERS } from "./user-shape.js";
import { WORDS } from "./word-shape.js";

const MAX_COUNT = 2_147_483_647;

function countCell(text: string): string | null | Refusal {
  const trimmed = text.trim();
  if (trimmed === "") {
    return null;
  }
  return /^\d{1,10}$/.test(trimmed) && Number(trimmed) <= MAX_COUNT
    ? String(Number(trimmed))
    : new Refusal(`${excerpt(trimmed)} is not a whole number from 0 to ${MAX_COUNT}`);
}

function confidenceCell(text: string): string | null | Refusal {
  const trimmed = text.trim();
  if (trimmed === "") {
    return null;
  }
  const value = /^(?:\d+(?:\.\d+)?|\.\d+)(?:e-?\d+)?$/i.test(trimmed) ? Number(trimmed) : Number.NaN;
  return value >= 0 && value <= 1 ? String(value) : new Refusal(`${excerpt(trimmed)} is not from 0 to 1`);
}

const [EMAIL] = USERS.key;
const [LANGUAGE, TERM, READING, SENSE] = WORDS.key;

/** A language that may be left out, where the rest of the key is of one word only. */
export const ANY_LANGUAGE = {
  ...LANGUAGE,
  required: false,
  parse: (text: string) => (text.trim() === "" ? "" : LANGUAGE.parse(text)),
} as const;

/** The constraint progress_counts, told by the line. */
function checkCounts([studied = null, correct = null]: readonly (string | null)[]): RowFault | null {
  if ((studied === null) !== (correct === null)) {
    const [field, other] = studied === null ? ["studyCount", "correctCount"] : ["correctCount", "studyCount"];
    return { field, reason: `is missing; ${other} says nothing without it` };
  }
  return Number(correct) > Number(studied)
    ? { field: "correctCount", reason: `is more than the ${studied} times that the word was studied` }
    : null;
}

/** Of the natural key only the term is needed, if it stands for one word only. */
export const PROGRESS = {
  noun: "word",
  table: "progress",
  key: [
    EMAIL,
    ANY_LANGUAGE,
    { ...TERM, aliases: ["term", "word", "vocabulary", "expression"] },
    { ...READING, aliases: ["reading", "pronunciation", "pinyin", "kana"] },
    { ...SENSE, aliases: ["sense"] },
  ],
  content: [
    {
      ...{ name: "studyCount", column: "study_count", required: false },
      aliases: ["studycount", "studied", "reviews"],
      parse: countCell,
      ...{ type: "integer", emptyIsAbsent: true },
    },
    {
      ...{ name: "correctCount", column: "correct_count", required: false },
      aliases: ["correctcount", "correct"],
      parse: countCell,
      ...{ type: "integer", emptyIsAbsent: true },
    },
    {
      ...{ name: "confidence", column: "confidence", required: false },
      aliases: ["confidence"],
      parse: confidenceCell,
      ...{ type: "double precision", emptyIsAbsent: true },
    },
    {
      ...{ name: "lastStudiedAt", column: "last_studied_at", required: false },
      aliases: ["laststudiedat", "laststudied"],
      parse: timeCell,
      type: "timestamptz(3)",
    },
    {
      ...{ name: "nextReviewAt", column: "next_review_at", required: false },
      aliases: ["nextreviewat", "nextreview", "due"],
      parse: timeCell,
      ...{ type: "timestamptz(3)", emptyIsAbsent: true },
    },
  ],
  check: checkCounts,
} as const satisfies Shape;
