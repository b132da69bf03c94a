/** Which changes of a column's type PostgreSQL makes in its catalogs alone. */

interface Type {
  readonly base: string;
  /** Length, precision and scale. */
  readonly limits: readonly number[];
}

const ALIASES: Readonly<Record<string, string>> = {
  varchar: "character varying",
  char: "character",
  bpchar: "character",
  int: "integer",
  int4: "integer",
  int2: "smallint",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  decimal: "numeric",
  bool: "boolean",
  varbit: "bit varying",
  timestamptz: "timestamp with time zone",
  timestamp: "timestamp without time zone",
  timetz: "time with time zone",
  time: "time without time zone",
};

/** Those whose length or precision may grow, or go away. */
const GROWING = /^(character varying|bit varying|(timestamp|time) with(out)? time zone)$/;

/** @param from as `format_type` writes it; `to` as the migration does. Where it cannot be told, it is a rewrite. */
export function isRewrite(from: string, to: string): boolean {
  const [old, next] = [typeOf(from), typeOf(to)];
  const [limit = Number.POSITIVE_INFINITY, scale = 0] = next.limits;
  const [oldLimit = Number.POSITIVE_INFINITY, oldScale = 0] = old.limits;
  if (old.base === next.base) {
    const isSame = limit === oldLimit && scale === oldScale;
    const isWider =
      limit >= oldLimit && (GROWING.test(old.base) || (old.base === "numeric" && isAsFine(next, oldScale)));
    return !isSame && !isWider;
  }
  const isText = old.base === "character varying" && next.base === "text";
  const isUnlimited = old.base === "text" && next.base === "character varying" && next.limits.length === 0;
  return !(isText || isUnlimited || (old.base === "cidr" && next.base === "inet"));
}

/** A number without limits keeps whatever it is given. */
function isAsFine({ limits: [limit, scale = 0] }: Type, oldScale: number): boolean {
  return limit === undefined || scale === oldScale;
}

function typeOf(text: string): Type {
  const written = text
    .toLowerCase()
    .replaceAll('"', "")
    .replace(/\s*\[ *\]/g, "[]")
    .replace(/\s+/g, " ")
    .trim();
  const [, inside = ""] = /\(([\d ,]+)\)/.exec(written) ?? [];
  const base = written.replace(/\s*\([\d ,]+\)/, "").trim();
  return { base: ALIASES[base] ?? base, limits: inside === "" ? [] : inside.split(",").map(Number) };
}
