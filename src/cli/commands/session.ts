import type { Noun } from "../command.js";

export const session: Noun = { name: "session", commands: [] };
