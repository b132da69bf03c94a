/** A document of its own: one file that loads nothing, asks nobody, and runs nothing but what was written here. */
import { createHash } from "node:crypto";
import { html, Markup } from "./markup.js";
import { SORT_SCRIPT } from "./sort-script.js";
import { STYLE } from "./style.js";

/** What stands before and after the content of the page. */
export function pageAround(title: string): { readonly head: Markup; readonly foot: Markup } {
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(STYLE)}`,
    `script-src ${hashOf(SORT_SCRIPT)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return {
    head: html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
`,
    foot: html`</main>
<script>${new Markup(SORT_SCRIPT)}</script>
</body>
</html>
`,
  };
}

/** As a policy names the one style or script that it lets through. */
function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
