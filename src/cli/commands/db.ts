import type { Noun } from "../command.js";
import { destroy, start, status, stop, url } from "./db/embedded.js";
import { mark } from "./db/mark.js";

export const db: Noun = { name: "db", commands: [start, stop, status, url, destroy, mark] };
