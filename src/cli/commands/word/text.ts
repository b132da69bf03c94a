/** What the commands about words have in common on the terminal. */
import type { Word } from "../../../core/words.js";
import type { Column } from "../../render/table.js";

export const WORD_FIELDS = [
  ...(["id", "language", "term", "reading", "sense", "definition", "partOfSpeech", "level", "category"] as const),
  ...(["example", "createdAt", "updatedAt"] as const),
] satisfies readonly (keyof Word)[];

export const WORD_TABLE: readonly Column<Word>[] = [
  { title: "language", value: (word) => word.language, flexible: true },
  { title: "term", value: (word) => word.term, flexible: true },
  { title: "reading", value: (word) => word.reading, flexible: true, priority: 2 },
  { title: "definition", value: (word) => word.definition, flexible: true },
  { title: "level", value: (word) => word.level ?? "–", flexible: true, priority: 3 },
];
