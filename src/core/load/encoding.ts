/** What bytes that are not UTF-8 probably are: a guess for the hint, never used to read them. */

/** @returns the next step for a person: what the bytes look like, and the command that converts. */
export function encodingHint(bytes: Uint8Array): string {
  const guess = guessEncoding(bytes);
  const looks = guess === null ? "" : `it looks like ${guess.title}; `;
  return `${looks}convert the file first: iconv -f ${guess?.name.toUpperCase() ?? "ENCODING"} -t UTF-8 in.csv > out.csv`;
}

interface Encoding {
  /** As iconv and TextDecoder call it. */
  readonly name: string;
  readonly title: string;
}

const JAPANESE = /^[\u0000-\u007f\u3000-\u30ff\u4e00-\u9fff\uff01-\uff60]+$/;
const CHINESE = /^[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+$/;
const CYRILLIC = /^[\u0400-\u04ff]+$/;

/** @returns null when there is nothing to tell from. */
export function guessEncoding(bytes: Uint8Array): Encoding | null {
  if (looksLikeUtf16(bytes)) {
    return { name: "utf-16", title: "UTF-16" };
  }
  const runs = highRuns(bytes);
  if (runs.length === 0) {
    return null;
  }
  if (looksLikeShiftJis(bytes)) {
    return { name: "shift_jis", title: "Shift JIS" };
  }
  if (runs.every((run) => CHINESE.test(decoded(run, "gb18030"))) && hasCommonHanzi(runs)) {
    return { name: "gb18030", title: "GBK" };
  }
  if (runs.some((run) => run.length > 2) && runs.every((run) => CYRILLIC.test(decoded(run, "windows-1251")))) {
    return { name: "windows-1251", title: "Windows-1251" };
  }
  return { name: "windows-1252", title: "Latin-1 (Windows-1252)" };
}

/** Kana, or a first byte that Western text hardly has, before another high one. */
function looksLikeShiftJis(bytes: Uint8Array): boolean {
  const text = decoded(bytes, "shift_jis");
  const hasLead = bytes.some((byte, at) => byte >= 0x81 && byte <= 0x9f && (bytes[at + 1] ?? 0) >= 0x80);
  return JAPANESE.test(text) && (/[\u3040-\u30ff]/.test(text) || hasLead);
}

/** The everyday characters come first in GB 2312; Cyrillic and accents would all be rare ones. */
function hasCommonHanzi(runs: readonly Uint8Array[]): boolean {
  const leads = runs.flatMap((run) => [...run].filter((_, at) => at % 2 === 0));
  return leads.filter((byte) => byte >= 0xb0 && byte <= 0xd7).length * 2 >= leads.length;
}

/** A byte order mark, or every second byte zero, as ASCII has it there. */
export function looksLikeUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return true;
  }
  const sample = bytes.subarray(0, 512);
  return sample.length >= 4 && sample.filter((byte) => byte === 0).length > sample.length / 3;
}

/** Stretches of bytes beyond ASCII. */
function highRuns(bytes: Uint8Array): Uint8Array[] {
  const runs: Uint8Array[] = [];
  let start = -1;
  for (let at = 0; at <= bytes.length; at += 1) {
    const isHigh = (bytes[at] ?? 0) >= 0x80;
    if (isHigh && start === -1) {
      start = at;
    } else if (!isHigh && start !== -1) {
      runs.push(bytes.subarray(start, at));
      start = -1;
    }
  }
  return runs;
}

function decoded(bytes: Uint8Array, encoding: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return "";
  }
}
