/** Texts that a spreadsheet would take for a formula, and how they are kept from being one: with an apostrophe before them. */

/**
 * How a formula begins, a regular expression here and in SQL: the characters that OWASP names for CSV injection, also
 * in full width, and behind blanks and quotes, which some spreadsheets take off. A text with an apostrophe before it
 * begins like that as well, so that it is known from one that had the apostrophe anyway.
 */
const START = '^[\\s\\ufeff\\u00a0"\\u0027]*[=+@\\t\\r\\n\\uff1d\\uff0b\\uff20\\uff0d-]';
const FORMULA = new RegExp(START);

export function escapeFormula(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** The same for a text in SQL. */
export function escapeFormulaSql(sql: string): string {
  return `CASE WHEN ${sql} ~ '${START}' THEN '''' || ${sql} ELSE ${sql} END`;
}

/** @returns what `escapeFormula` was given */
export function unescapeFormula(text: string): string {
  return text.startsWith("'") && FORMULA.test(text.slice(1)) ? text.slice(1) : text;
}
