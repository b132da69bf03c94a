/** What the commands about one user have in common on the terminal. */
import type { User, UserChange } from "../../../core/user.js";
import type { View } from "../../command.js";
import { facts, timestamp } from "../../render/text.js";

export function change({ user, changed }: UserChange, done: string, unchanged: string, { ink }: View): string {
  return changed ? `${ink.done(done)} ${user.email}` : `${unchanged} ${user.email}`;
}

export function userFacts(user: User, view: View, further: readonly (readonly [string, string])[] = []): string {
  return facts(
    [
      ["email", user.email],
      ["name", user.displayName ?? "–"],
      ["id", user.id],
      ["created", timestamp(user.createdAt)],
      ["updated", timestamp(user.updatedAt)],
      ...(user.deletedAt === null ? [] : [["deleted", timestamp(user.deletedAt)] as const]),
      ...further,
    ],
    view,
  );
}

export function shownOnce(generatedPassword: string | null, { ink }: View): string | null {
  return generatedPassword === null ? null : `password, shown only now: ${ink.strong(generatedPassword)}`;
}
