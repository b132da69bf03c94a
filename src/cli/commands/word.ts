import type { Noun } from "../command.js";

export const word: Noun = { name: "word", commands: [] };
