import type { Noun } from "../command.js";
import { doctor } from "./db/doctor.js";
import { destroy, start, stop, url } from "./db/embedded.js";
import { mark } from "./db/mark.js";
import { shell } from "./db/shell.js";
import { status } from "./db/status.js";
import { studio } from "./db/studio.js";
import { wait } from "./db/wait.js";

export const db: Noun = {
  name: "db",
  commands: [start, stop, status, url, destroy, doctor, wait, shell, studio, mark],
};
