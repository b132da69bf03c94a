import type { Noun } from "../command.js";
import { deploy } from "./migrate/deploy.js";
import { plan } from "./migrate/plan.js";
import { resolve } from "./migrate/resolve.js";
import { status } from "./migrate/status.js";

export const migrate: Noun = { name: "migrate", commands: [deploy, status, plan, resolve], defaultCommand: deploy };
