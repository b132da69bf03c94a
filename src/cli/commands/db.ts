import type { Noun } from "../command.js";
import { doctor } from "./db/doctor.js";
import { destroy, start, status, stop, url } from "./db/embedded.js";

export const db: Noun = { name: "db", commands: [start, stop, status, url, destroy, doctor] };
