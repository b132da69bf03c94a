import * as z from "zod";
import { defineCommand, type Noun, parameter } from "../command.js";
import { findPage } from "../help/find.js";
import { pageText } from "../help/text.js";

const show = defineCommand({
  name: "help",
  summary: "all about a command or a topic",
  details:
    "The same as --help after a command, and what is told of no single command: see the topics in `vocabdb help`.",
  args: {
    page: parameter(
      "[page...]",
      "a command such as user create, or a topic such as csv",
      z.array(z.string()).default([]),
    ),
  },
  options: {},
  examples: [
    { command: "vocabdb help", description: "What commands and topics there are" },
    { command: "vocabdb help user create", description: "All about a command" },
    { command: "vocabdb help exit-codes", description: "A topic" },
  ],
  seeAlso: ["environment", "exit-codes", "formatting"],
  needs: "configInput",
  writes: null,
  result: () => import("../results/help.js").then(({ page }) => page),
  run: ({ page }) => findPage(page),
  text: (page, { width }) => pageText(page, width),
});

export const help: Noun = { name: "help", commands: [show], defaultCommand: show };
