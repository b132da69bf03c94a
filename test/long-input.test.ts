/** Input as long as it may be, of the kind for which a careless expression takes the square of its length, or more. */
import { describe, expect, it } from "vitest";
import { loadOptions } from "../src/cli/load-options.js";
import { actorOf } from "../src/cli/operator.js";
import { loadConfig } from "../src/config.js";
import { parseEmail } from "../src/core/email.js";
import { domainSchema } from "../src/core/email-schema.js";
import { resolveLayout } from "../src/core/load/layout.js";
import { PROGRESS } from "../src/core/load/progress-shape.js";
import { MAX_RECORD_BYTES } from "../src/core/load/records.js";
import { fieldsOf } from "../src/core/load/shape.js";
import { WORDS } from "../src/core/load/word-shape.js";
import { parseDatabaseUrl } from "../src/db/url.js";
import { nearest } from "../src/nearest.js";
import { Secret } from "../src/secret.js";

/** What the operating system takes as one argument. */
const MAX_ARGUMENT = 128 * 1024;
/** Of the processor, which others may use as well. */
const LIMIT_MS = 5_000;

const filled = (text: string, length: number): string => text.repeat(Math.ceil(length / text.length)).slice(0, length);
const url = (text: string): unknown => parseDatabaseUrl("X", new Secret(text), { password: null, poolMax: null });
const confidence = fieldsOf(PROGRESS).find(({ name }) => name === "confidence");
const { map } = loadOptions(WORDS, "");

describe("takes no longer than it has to", () => {
  it.for<[string, () => unknown]>([
    ["a confidence of digits", () => confidence?.parse(`${filled("1", MAX_RECORD_BYTES)}x`)],
    ["a domain of many letters", () => parseEmail(`a@${filled("汉字语言学习词汇", MAX_RECORD_BYTES / 3)}.org`)],
    ["a domain as an option", () => domainSchema.safeParse(`${filled("汉字语言学习词汇", MAX_ARGUMENT / 3)}.org`)],
    ["--map of blanks", () => map.schema.safeParse([filled(" ", MAX_ARGUMENT)])],
    ["a reason of ://", () => actorOf([filled("://", MAX_ARGUMENT)], {}, filled("://", MAX_ARGUMENT))],
    ["a word like no other", () => nearest(filled("schema.", MAX_ARGUMENT), ["schema"])],
    ["a URL of commas", () => url(`postgresql://a@${filled(",", MAX_ARGUMENT)}\u2028`)],
    [
      "a URL of colons on the command line",
      () => loadConfig({ env: {}, cwd: "/", databaseUrl: `a://${filled(":", MAX_ARGUMENT)}` }),
    ],
    ["a URL of quotes", () => url(filled('"', MAX_ARGUMENT))],
    ["a URL of user and password that are not UTF-8", () => url("postgresql://m%FCller:gr%FC%DF@h%FC/d%FC")],
    [
      "a header of many columns",
      () => {
        const headers = Array.from({ length: 120_000 }, (_, n) => `c${n}`);
        return resolveLayout("f", ["term", "definition", ...headers], {
          shape: WORDS,
          map: {},
          given: new Set(["language"]),
        });
      },
    ],
  ])("%s", ([, parse]) => {
    const start = process.cpuUsage();
    try {
      parse();
    } catch {
      // Refused is as good as read; that it ends is what counts here.
    }
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1_000).toBeLessThan(LIMIT_MS);
  });
});
