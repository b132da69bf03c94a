/** The same command once more, in this process: another one would cost more than all the rest of a try. */
import { run } from "../../src/cli/run.js";
import type { TestDatabase } from "../support/database.js";
import { runInProcess } from "../support/in-process.js";
import { differences, normalized, takeSnapshot } from "../support/snapshot.js";
import type { WritingCommand } from "./commands.js";
import type { Course } from "./course.js";

/** @returns what is wrong with its answer, or with what it leaves */
export async function again(
  db: TestDatabase,
  command: WritingCommand,
  { beginning, states }: Course,
  folder: string,
  wasDone: boolean,
): Promise<string[]> {
  const { done = 0, again: repeated = done, repeats, input = "" } = command;
  const { exitCode, stderr } = await runInProcess(run, command.args(db.target.database), {
    ...{ cwd: folder, env: { HOME: folder, DATABASE_URL: db.url }, input },
  });
  const expected = wasDone ? repeated : done;
  const problems = exitCode === expected ? [] : [`run again, it ended with ${exitCode}, not ${expected}: ${stderr}`];
  const is = normalized(await takeSnapshot(db.direct, beginning), beginning);
  const last = states.at(-1) ?? is;
  const isRepeated = repeats === true;
  const differing = differences(isRepeated ? withoutHistory(is) : is, isRepeated ? withoutHistory(last) : last);
  return [...problems, ...differing.map((difference) => `run again, ${difference}`)];
}

function withoutHistory({ tables, objects }: Course["states"][number]): Course["states"][number] {
  return { objects, tables: { ...tables, audit_log: [] } };
}
