import type { Prisma } from "../generated/prisma/client.js";

/** A condition on users that holds for every one of them, deleted or not. */
export const withDeleted = {
  OR: [{ deletedAt: null }, { deletedAt: { not: null } }],
} satisfies Prisma.UserWhereInput;
