import { EXIT_CODES } from "../../exit-codes.js";
import { list, prose } from "../page.js";
import type { Topic } from "../topics.js";

export const exitCodes: Topic = {
  description: [
    ...prose(
      "The help of each command says which of these it can end with, and what they mean there. No two of them are about " +
        'the same: "no" and "broken" are told apart.',
    ),
    list(EXIT_CODES.map(({ codes, meaning }) => ({ term: codes.join(", "), text: meaning }))),
  ],
  sections: [
    {
      title: "In scripts",
      blocks: [
        ...prose(
          "Only 7 and, where others work on the same rows, 5 may be otherwise at the next try. `vocabdb db wait` tries until " +
            "the database answers. Whatever ended with another code than 0 has changed nothing, unless its help says so.",
        ),
        {
          kind: "examples",
          items: [
            {
              term: "vocabdb db wait --timeout 2m && vocabdb migrate && exec node server.js",
              text: "A container that starts beside its database",
            },
            {
              term: "vocabdb migrate status --check --quiet || echo 'not up to date'",
              text: "A check in CI",
            },
          ],
        },
        ...prose(
          "With --json a failure is one line on standard error, with a stable code; docs/errors.md of the package has all of " +
            'them:\n  {"error":{"code":"USER_NOT_FOUND","message":"…","hint":"…"}}',
        ),
      ],
    },
  ],
  seeAlso: ["formatting", "db wait", "migrate status"],
};
