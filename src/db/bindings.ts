/** Values of a query whose text depends on what was asked for. The text itself is always written here, never data. */
export class Bindings {
  readonly values: unknown[] = [];

  /** @returns the placeholder that stands for the value, such as `$3` */
  bind(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** @param conditions those that do not apply are null */
export function where(...conditions: readonly (string | null)[]): string {
  const applying = conditions.filter((condition) => condition !== null);
  return applying.length === 0 ? "" : `WHERE ${applying.join(" AND ")}`;
}

/** A text that LIKE is to take literally. */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}
