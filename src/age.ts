/** How long something has lasted, for people. */

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
] as const;

/** In the largest unit that it fills: `45 s`, `5 min`, `14 h`, `3 d`. */
export function ageText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [unit, length] = UNITS.find(([, size]) => whole >= size) ?? ["s", 1];
  return `${Math.floor(whole / length).toLocaleString("en-US")} ${unit}`;
}
