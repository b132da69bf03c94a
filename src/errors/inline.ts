/** Messages have lines of their own; data must not forge one. */
export function inline(text: string): string {
  return text.replace(/[\n\r\u0085\u2028\u2029]/g, (end) => `\\u{${end.charCodeAt(0).toString(16)}}`);
}
