import type { Noun } from "../command.js";
import { report } from "./progress/report.js";
import { show } from "./progress/show.js";

export const progress: Noun = { name: "progress", commands: [show, report] };
