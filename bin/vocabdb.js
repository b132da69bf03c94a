#!/usr/bin/env node
// Nothing in this file is newer than Node 12: a Node that cannot read the rest has to be able to say so.
const [major, minor] = process.versions.node.split(".").map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  const message = `vocabdb needs Node 20.19 or newer, this is ${process.versions.node} (${process.execPath})`;
  const hint = "install a newer one, or put it before this one in PATH";
  const isJson = process.argv.some((argument) => /^--json(=|$)/.test(argument));
  const said = isJson
    ? JSON.stringify({ error: { code: "NODE_TOO_OLD", message, hint } })
    : `error: ${message}\nhint:  ${hint}`;
  process.stderr.write(`${said}\n`);
  process.exitCode = 2;
} else {
  void import("../dist/cli.js").then(({ main }) => main());
}
