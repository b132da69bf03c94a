/**
 * The Prisma extension that hides soft-deleted users, and the sessions and progress that hang on them,
 * from every read. A read that says something about `deletedAt` itself has asked, and is left alone:
 * `where: { deletedAt: { not: null } }` finds deleted users, `withDeleted` finds all of them.
 */
import { Prisma } from "../generated/prisma/client.js";

type ModelName = Prisma.ModelName;
type Arguments = Readonly<Record<string, unknown>>;

const READS: ReadonlySet<string> = new Set([
  "findUnique",
  "findUniqueOrThrow",
  "findFirst",
  "findFirstOrThrow",
  "findMany",
  "count",
  "aggregate",
  "groupBy",
]);

/** Relations by model; `list` says whether a filter can be put on it. A test holds this to the schema. */
export const RELATIONS: Readonly<Record<ModelName, Readonly<Record<string, { model: ModelName; list: boolean }>>>> = {
  User: { sessions: { model: "Session", list: true }, progress: { model: "Progress", list: true } },
  Session: { user: { model: "User", list: false } },
  VocabularyWord: { progress: { model: "Progress", list: true } },
  Progress: { user: { model: "User", list: false }, word: { model: "VocabularyWord", list: false } },
  AuditLog: {},
  DatabaseMark: {},
};

export const softDelete = Prisma.defineExtension({
  name: "soft-delete",
  query: {
    $allModels: {
      $allOperations({ model, operation, args, query }) {
        return query(READS.has(operation) ? (hideDeleted(model, args as Arguments) as typeof args) : args);
      },
    },
  },
});

/** @returns `args` with the conditions added, at the top and in every nested `include` and `select`. */
export function hideDeleted(model: ModelName, args: Arguments = {}): Arguments {
  return { ...hideInRelations(model, args), ...liveOnly(model, args.where) };
}

function liveOnly(model: ModelName, where: unknown): Arguments {
  const conditions = (where ?? {}) as Arguments;
  if (model === "User") {
    return mentions(conditions, "deletedAt") ? {} : { where: { ...conditions, deletedAt: null } };
  }
  if (model === "Session" || model === "Progress") {
    return mentions(conditions, "deletedAt")
      ? {}
      : { where: { ...conditions, AND: [conditions.AND ?? {}, LIVE_USER].flat() } };
  }
  return {};
}

const LIVE_USER = { user: { deletedAt: null } };

/** What hangs on a user needs no condition, as the user is live or was asked for. */
function hideInRelations(model: ModelName, args: Arguments): Arguments {
  const changed: Record<string, unknown> = { ...args };
  for (const key of ["include", "select"]) {
    const selection = args[key];
    if (typeof selection !== "object" || selection === null) {
      continue;
    }
    const next: Record<string, unknown> = { ...selection };
    for (const [name, value] of Object.entries(selection)) {
      if (name === "_count") {
        next[name] = hideInCount(model, value);
        continue;
      }
      const relation = RELATIONS[model][name];
      if (relation === undefined || value === false || value == null) {
        continue;
      }
      const nested = value === true ? {} : (value as Arguments);
      const inner = hideInRelations(relation.model, nested);
      const isFiltered = relation.list && model !== "User";
      next[name] = isFiltered ? { ...inner, ...liveOnly(relation.model, nested.where) } : inner;
    }
    changed[key] = next;
  }
  return changed;
}

/** `_count: true` counts every list relation; made explicit so that each can carry its condition. */
function hideInCount(model: ModelName, value: unknown): unknown {
  if (value === false || value == null || model === "User") {
    return value;
  }
  const lists = Object.entries(RELATIONS[model]).filter(([, relation]) => relation.list);
  const asked = value === true ? null : (value as { select?: Arguments }).select;
  const select = lists.flatMap(([name, relation]) => {
    const wanted = asked == null ? true : asked[name];
    if (!wanted) {
      return [];
    }
    const nested = wanted === true ? {} : (wanted as Arguments);
    return [[name, { ...nested, ...liveOnly(relation.model, nested.where) }]];
  });
  return { select: Object.fromEntries(select) };
}

/** Whether a condition names a field anywhere, also under AND, OR, NOT and relations. */
function mentions(condition: unknown, field: string): boolean {
  if (Array.isArray(condition)) {
    return condition.some((part) => mentions(part, field));
  }
  if (typeof condition !== "object" || condition === null || condition instanceof Date) {
    return false;
  }
  return Object.entries(condition).some(([key, value]) => key === field || mentions(value, field));
}
