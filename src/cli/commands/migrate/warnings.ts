/** How those who change the schema are told of what they are about to do, and what they wait for. */
import { type Wait, waitText } from "../../../blocker.js";
import type { LockOptions } from "../../../db/lock-tries.js";
import type { MigrationWarning } from "../../../finding.js";
import { flagOption } from "../../options.js";
import type { Services } from "../../services.js";

export const strict = flagOption("--strict", "refuse, with exit code 3, what there are warnings about");

interface Listeners extends Required<Pick<LockOptions, "onWait" | "signal">> {
  readonly onWarning: (warning: MigrationWarning) => void;
}

/** For the options of what runs migrations. */
export function listeners({ notice, signal }: Pick<Services, "notice" | "signal">): Listeners {
  return {
    signal,
    onWait: (wait: Wait) => notice(waitText(wait)),
    onWarning: ({ migration, line, message, fix }) =>
      notice(`warning: ${migration}, line ${line}: ${message}${fix === null ? "" : `; safer: ${fix}`}`),
  };
}
