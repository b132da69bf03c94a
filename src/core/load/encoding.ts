/** What bytes that are not UTF-8 probably are: a guess for the hint, never used to read them. */

interface Candidate {
  /** As iconv and TextDecoder call it. */
  readonly name: string;
  readonly title: string;
  /** Letters that text in this encoding is made of. */
  readonly letters: RegExp;
}

// In this order: bytes that are valid in several are likeliest the first.
const CANDIDATES: readonly Candidate[] = [
  { name: "gb18030", title: "GBK", letters: /^[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]+$/ },
  { name: "shift_jis", title: "Shift JIS", letters: /^[\u3040-\u30ff\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]+$/ },
  { name: "euc-kr", title: "EUC-KR", letters: /^[\uac00-\ud7af]+$/ },
  { name: "windows-1251", title: "Windows-1251", letters: /^[\u0400-\u04ff]{3,}$/ },
];

/** @returns the next step for a person: what the bytes look like, and the command that converts. */
export function encodingHint(bytes: Uint8Array): string {
  const guess = guessEncoding(bytes);
  const looks = guess === null ? "" : `it looks like ${guess.title}; `;
  return `${looks}convert the file first: iconv -f ${guess?.name.toUpperCase() ?? "ENCODING"} -t UTF-8 in.csv > out.csv`;
}

export function guessEncoding(bytes: Uint8Array): { readonly name: string; readonly title: string } | null {
  if (looksLikeUtf16(bytes)) {
    return { name: "utf-16", title: "UTF-16" };
  }
  const runs = highRuns(bytes);
  if (runs.length === 0) {
    return null;
  }
  const isSparse = runs.every((run) => run.length <= 2);
  for (const { name, title, letters } of CANDIDATES) {
    // Single letters between ASCII ones are accents of a Western language, not a script of its own.
    if (!isSparse && runs.every((run) => letters.test(decoded(run, name)))) {
      return { name, title };
    }
  }
  const shortPairs = runs.every((run) => run.length % 2 === 0);
  if (isSparse && shortPairs && runs.every((run) => CANDIDATES[0]?.letters.test(decoded(run, "gb18030")))) {
    return { name: "gb18030", title: "GBK" };
  }
  return { name: "windows-1252", title: "Latin-1 (Windows-1252)" };
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

/** Stretches of bytes beyond ASCII; in a double-byte encoding the second byte may be ASCII and belongs to them. */
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
