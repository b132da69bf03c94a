import type { Noun } from "../command.js";
import { exportCommand } from "./progress/export.js";
import { importCommand } from "./progress/import.js";
import { list } from "./progress/list.js";
import { reset } from "./progress/reset.js";
import { show } from "./progress/show.js";

export const progress: Noun = { name: "progress", commands: [show, list, exportCommand, importCommand, reset] };
