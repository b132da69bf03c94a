/** Users, as files have them and as the table does. Files hold no passwords: those are set, or sent, one by one. */
import type { PoolClient } from "pg";
import { emailProblem, parseEmail } from "../email.js";
import { REFUSED } from "./refusals.js";
import { Refusal, type Shape, textCell } from "./shape.js";
import { STAGING } from "./stage.js";
import { timeCell } from "./time-cell.js";

/** @returns the address as it is stored */
function emailCell(text: string): string | Refusal {
  if (text.trim() === "") {
    return new Refusal("is empty");
  }
  const outcome = parseEmail(text);
  return "email" in outcome ? outcome.email : new Refusal(emailProblem(text, outcome.problem));
}

export const USERS = {
  noun: "user",
  table: "users",
  key: [
    {
      ...{ name: "email", column: "email", required: true },
      aliases: ["email", "emailaddress", "mail", "user"],
      parse: emailCell,
    },
  ],
  content: [
    {
      ...{ name: "displayName", column: "display_name", required: false },
      aliases: ["displayname", "name", "fullname"],
      parse: textCell(200, "null"),
    },
    {
      ...{ name: "createdAt", column: "created_at", required: false },
      aliases: ["createdat", "created"],
      parse: timeCell,
      ...{ type: "timestamptz(3)", emptyIsAbsent: true, insertOnly: true },
    },
    {
      ...{ name: "deletedAt", column: "deleted_at", required: false },
      aliases: ["deletedat", "deleted"],
      parse: timeCell,
      ...{ type: "timestamptz(3)", insertOnly: true },
    },
  ],
} as const satisfies Shape;

/** A file of live users must neither revive a deleted one nor change who cannot be seen. */
export async function refuseDeletedUsers(client: PoolClient): Promise<void> {
  await client.query(
    `INSERT INTO ${REFUSED}
     SELECT s.id, 'email', 'USER_DELETED',
            'belongs to a user who was deleted at ' || to_char(u.deleted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"'),
            'vocabdb user restore ' || u.email
       FROM ${STAGING} AS s
       JOIN users AS u USING (email)
      WHERE u.deleted_at IS NOT NULL AND s.deleted_at IS NULL`,
  );
}
