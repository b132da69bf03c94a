/** Command lines that are shown can be typed. */
import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { shellWord } from "../src/shell.js";

it.for(["plain-word_1@x.org", "", "two words", "it's", "'", "你好", '$HOME `id` $(id) \\ " ! * ~', "-n", "a\nb'\\\tc"])(
  "the shell reads back %j",
  (text) => {
    const read = execFileSync("bash", ["-c", `printf %s ${shellWord(text)}`]);
    expect(read.toString()).toBe(text);
  },
);

it("nothing makes a second line or reaches the terminal", () => {
  expect(shellWord("a\nhint: rm\u001b[2J\u2028b")).toBe("$'a\\x0ahint: rm\\x1b[2J\\xe2\\x80\\xa8b'");
});
