/** No command that writes is forgotten when faults are tried. */
import { expect, it } from "vitest";
import { registry } from "../../src/cli/registry.js";
import { COMMANDS, NOT_TRIED } from "./commands.js";

it("every command that writes is tried, or it is said why not", async () => {
  const nouns = await Promise.all(Object.values(registry).map((entry) => entry.load()));
  const all = nouns.flatMap((noun) => noun.commands.map((command) => ({ noun, command })));
  const nameOf = ({ noun, command }: (typeof all)[number]): string => `${noun.name} ${command.name}`;
  const tried = COMMANDS.map(({ name, args }) => {
    const [first, second] = args("x");
    const found = all.find(
      ({ noun, command }) =>
        noun.name === first &&
        (noun.commands.some((each) => each.name === second)
          ? command.name === second
          : command === noun.defaultCommand),
    );
    return found === undefined ? `${name}, which does not exist` : nameOf(found);
  });
  const writing = all.filter(({ command }) => "dryRun" in command.options).map(nameOf);
  expect(writing.filter((name) => !tried.includes(name) && NOT_TRIED[name] === undefined)).toEqual([]);
  expect([...tried, ...Object.keys(NOT_TRIED)].filter((name) => !all.map(nameOf).includes(name))).toEqual([]);
});
