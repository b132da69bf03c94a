import type { Noun } from "../command.js";
import { importCommand } from "./progress/import.js";
import { show } from "./progress/show.js";

export const progress: Noun = { name: "progress", commands: [show, importCommand] };
