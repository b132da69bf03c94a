#!/usr/bin/env node
// Nothing in this file is newer than Node 12: a Node that cannot read the rest has to be able to say so. And it is CommonJS, by
// the package.json beside it, which Node starts in less time than modules.
const [major, minor] = process.versions.node.split(".").map(Number);
const argv = process.argv.slice(2);

if (major < 20 || (major === 20 && minor < 19)) {
  const message = `vocabdb needs Node 20.19 or newer, this is ${process.versions.node} (${process.execPath})`;
  const hint = "install a newer one, or put it before this one in PATH";
  const isJson = argv.some((argument) => /^--json(=|$)/.test(argument));
  const said = isJson
    ? JSON.stringify({ error: { code: "NODE_TOO_OLD", message, hint } })
    : `error: ${message}\nhint:  ${hint}`;
  process.stderr.write(`${said}\n`);
  process.exitCode = 2;
} else {
  // Of a single word: every command has two, or takes so long that looking here first makes no difference.
  const page = argv.length > 1 ? null : require("../dist/front-page.cjs").frontPage(argv, process.stdout.columns);
  const main = () => import("../dist/cli.js");
  if (page === null) {
    void main().then((cli) => cli.main());
  } else {
    process.stdout.on("error", (error) => void main().then((cli) => cli.outputFailed(error)));
    process.stdout.write(`${page}\n`);
  }
}
