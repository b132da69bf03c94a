/** The rule for emails as schemas, beside it so that the library's types need no zod. */
import * as z from "zod";
import { excerpt } from "../excerpt.js";
import { emailProblem, parseDomain, parseEmail } from "./email.js";

export const emailSchema = z.string().transform((input, context) => {
  const outcome = parseEmail(input);
  if ("problem" in outcome) {
    context.addIssue({
      code: "custom",
      message: emailProblem(input, outcome.problem),
    });
    return z.NEVER;
  }
  return outcome.email;
});

/** What stands after the @ in stored emails. */
export const domainSchema = z.string().transform((input, context) => {
  const domain = parseDomain(input);
  if (domain === null) {
    context.addIssue({ code: "custom", message: `${excerpt(input)} is not a domain name such as example.org` });
    return z.NEVER;
  }
  return domain;
});
