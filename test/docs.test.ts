/** What is written for users is true: the reference is generated, and every code and command is documented. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import { describe, expect, it } from "vitest";
import type { Noun } from "../src/cli/command.js";
import { EXIT_CODES } from "../src/cli/exit-codes.js";
import { globalOptions } from "../src/cli/global-options.js";
import { findPage } from "../src/cli/help/find.js";
import { manuals } from "../src/cli/help/manual.js";
import { commandPage, withGlobalOptions } from "../src/cli/help/pages.js";
import { commandReference } from "../src/cli/help/reference.js";
import { pageText } from "../src/cli/help/text.js";
import { topicPage, topics } from "../src/cli/help/topics.js";
import { buildProgram, type Invocation } from "../src/cli/program.js";
import { registry } from "../src/cli/registry.js";
import { textWidth } from "../src/cli/render/width.js";
import { parseEmail } from "../src/core/email.js";
import { ExitCode } from "../src/errors/base.js";
import { errorCodes } from "../src/errors/codes.js";
import { packageRoot } from "../src/package-root.js";
import { ACCEPTED, REFUSED } from "./support/emails.js";

const documents = readdirSync(join(packageRoot, "docs")).map((name) => `docs/${name}`);
const read = (path: string): string => readFileSync(join(packageRoot, path), "utf8");
const nouns = await Promise.all(Object.values(registry).map((entry) => entry.load()));
const topicPages = (await Promise.all(Object.keys(topics).map(topicPage))).filter((page) => page !== null);
const commands = nouns.flatMap((noun) =>
  noun.commands.map((command) => ({ noun, command, name: `${noun.name} ${command.name}` })),
);

it("docs/cli.md is what the commands say of themselves (npm run docs)", async () => {
  await expect(commandReference(nouns, topicPages)).toMatchFileSnapshot(join(packageRoot, "docs", "cli.md"));
});

it("the manual pages are the same, and npm knows them (npm run docs)", async () => {
  const pages = manuals(nouns, topicPages);
  for (const [name, content] of pages) {
    await expect(content).toMatchFileSnapshot(join(packageRoot, "man", name));
  }
  const names = [...pages.keys()].sort();
  expect(JSON.parse(read("package.json")).man).toEqual(names.map((name) => `man/${name}`));
  expect(names, "one that is not made any more").toEqual(expect.arrayContaining(readdirSync(join(packageRoot, "man"))));
});

it("docs/emails.md has the examples that the rule is tested with (npm run docs)", async () => {
  const refused = REFUSED.map((input) => [input, Object.values(parseEmail(input)).join("")] as const);
  const document = [
    "# Emails\n",
    "An address has one @, at most 64 characters before it and 254 in all. What stands before the @ is ASCII letters,",
    "digits and punctuation, with single dots between them; what follows is a domain name with a dot in it. No control",
    "character, blank, quotation mark or bidirectional override gets in anywhere; blanks around the whole are dropped.",
    "Letters become lower-case, and an international domain its ASCII form (`xn--…`). The `users` table has the same",
    "rule in its check constraints, so that no other client can store what this table says is refused.\n",
    `## Accepted\n\n${tableOf(
      ["typed", "stored"],
      ACCEPTED.map((row) => row.map(shown)),
    )}`,
    `## Refused\n\n${tableOf(
      ["typed", "because"],
      refused.map(([input, reason]) => [shown(input), reason]),
    )}`,
  ].join("\n");
  await expect(document).toMatchFileSnapshot(join(packageRoot, "docs", "emails.md"));
});

function tableOf(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return [titles, titles.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

/** As code, with what cannot be seen written out. */
function shown(text: string): string {
  const visible = text.replace(
    /(?! )[\p{C}\p{Z}\p{M}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  const short = visible.length <= 60 ? visible : `${visible.slice(0, 20)}… (${text.length} characters)`;
  return `\`\` ${short.replaceAll("|", "\\|")} \`\``;
}

describe.each(commands)("$name", ({ noun, command }) => {
  it("has examples, which its own parser understands", async () => {
    const examples = command.examples.flatMap((example) => wordsOf(example.command));
    expect(examples.length).toBeGreaterThan(0);
    for (const words of examples) {
      expect((await invoke(noun, words)).command).toBe(command);
    }
  });

  it("declares its options under the names that the parser gives them", () => {
    for (const [key, { flags }] of Object.entries(command.options)) {
      expect(new Option(flags).attributeName()).toBe(key);
    }
  });
});

/** The words after `vocabdb` in each example; other programs in it are left out. */
function wordsOf(example: string): string[][] {
  return [...example.matchAll(/vocabdb ((?:'[^']*'|[^'|)"])+)/g)].map((match) =>
    (match[1] ?? "").trim().split(/\s+(?=(?:[^']*'[^']*')*[^']*$)/),
  );
}

async function invoke(noun: Noun, words: readonly string[]): Promise<Invocation> {
  const found: Invocation[] = [];
  const output = { out: () => {}, help: () => {} };
  const program = buildProgram(new Map([[noun.name, noun]]), globalOptions, output, (invocation) =>
    found.push(invocation),
  );
  await program.parseAsync([...words], { from: "user" });
  const [invocation] = found;
  if (invocation === undefined) {
    throw new Error(`nothing was invoked by ${words.join(" ")}`);
  }
  return invocation;
}

it("every exit code stands in the README, with what `vocabdb help exit-codes` says", () => {
  expect(EXIT_CODES.flatMap(({ codes }) => codes)).toEqual(Object.values(ExitCode));
  for (const { codes, meaning } of EXIT_CODES) {
    expect(read("README.md")).toContain(`\n| ${codes.join(", ")} | ${meaning} |\n`);
  }
});

it("every variable that is read stands in `vocabdb help environment`, and those of the README with them", () => {
  const sources = readdirSync(join(packageRoot, "src"), { recursive: true, encoding: "utf8" });
  const variables = sources
    .filter((path) => path.endsWith(".ts") && !path.startsWith("generated"))
    .flatMap((path) => [...read(`src/${path}`).matchAll(/\benv\??\.([A-Z][A-Z_]+)/g)].map(([, name = ""]) => name));
  const inReadme = [...read("README.md").matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name = ""]) => name);
  const told = JSON.stringify(topicPages.find(({ name }) => name === "environment"));
  expect(variables.length + inReadme.length).toBeGreaterThan(20);
  expect([...variables, ...inReadme].filter((name) => !told.includes(name))).toEqual([]);
});

describe.each([...commands.map(({ noun, command }) => commandPage(noun, command)), ...topicPages])(
  "help $name",
  (page) => {
    it("refers to pages that there are", async () => {
      expect(page.seeAlso.length).toBeGreaterThan(0);
      for (const name of page.seeAlso) {
        expect((await findPage(name.split(" "))).name).toBe(name);
      }
    });

    it.each([60, 100])("keeps to %i columns, but for what is to be copied as it is", (width) => {
      const asIs = [...page.description, ...page.sections.flatMap(({ blocks }) => blocks)].flatMap((block) =>
        block.kind === "verbatim"
          ? block.text.split("\n")
          : block.kind === "examples"
            ? block.items.map(({ term }) => term)
            : [],
      );
      const long = pageText(withGlobalOptions(page), width)
        .split("\n")
        .filter((line) => textWidth(line) > width);
      expect(long.filter((line) => !asIs.some((text) => line.endsWith(text)))).toEqual([]);
    });
  },
);

it("every error code stands in docs/errors.md, with its exit code, and is that of an error", () => {
  const text = read("docs/errors.md");
  const source = readdirSync(join(packageRoot, "src", "errors"))
    .map((name) => read(`src/errors/${name}`))
    .join("");
  const codes = [...source.matchAll(/readonly code(?:: ErrorCode)? = "([A-Z_]+)"/g)].map((match) => match[1] ?? "");
  expect(new Set([...codes, "INTERNAL"])).toEqual(new Set(errorCodes));
  for (const code of errorCodes) {
    expect(text).toMatch(new RegExp(`^\\| \`${code}\` \\| \\d+`, "m"));
  }
});

const pages = ["README.md", "CONTRIBUTING.md", "data/README.md", ...documents.filter((name) => name.endsWith(".md"))];

it("every link between the documents leads somewhere", () => {
  for (const file of pages) {
    for (const [, link = "", anchor] of read(file).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
      const path = link === "" ? file : join(file, "..", link);
      expect(() => read(path), `${file}: ${link}`).not.toThrow();
      expect(anchor === undefined || anchorsIn(read(path)).has(anchor), `${file}: ${link}#${anchor}`).toBe(true);
    }
  }
});

/** As GitHub makes them of headings. */
function anchorsIn(text: string): ReadonlySet<string> {
  const titles = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) => title.toLowerCase());
  return new Set(titles.map((title) => title.replace(/[^\p{L}\p{N}_\s-]/gu, "").replace(/\s/g, "-")));
}

it("every script that the documents name is there", () => {
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> };
  for (const file of pages) {
    for (const [, name = ""] of read(file).matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)) {
      expect(scripts, `${file}: npm run ${name}`).toHaveProperty([name]);
    }
  }
});
