import type { Noun } from "../command.js";
import { exportCommand } from "./progress/export.js";
import { importCommand } from "./progress/import.js";
import { list } from "./progress/list.js";
import { report } from "./progress/report.js";
import { reset } from "./progress/reset.js";
import { show } from "./progress/show.js";

export const progress: Noun = {
  name: "progress",
  commands: [show, list, report, exportCommand, importCommand, reset],
};
