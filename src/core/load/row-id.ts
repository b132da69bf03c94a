/**
 * Keys for loaded rows, made here: a function of the server costs a second and more for a million of them.
 * They are UUIDs version 7 (RFC 9562) whose 42-bit counter (section 6.2, method 1) is the place the row was
 * read from, so that keys sort as the input does, and a row can be traced to its line while it is loaded.
 */
import { randomBytes } from "node:crypto";

export interface Place {
  /** 0-based number of the file in this run. */
  readonly file: number;
  /** 1-based. */
  readonly line: number;
}

/** What the counter has room for: 12 bits of files, 30 bits of lines. */
export const MAX_FILES = 2 ** 12;
export const MAX_LINES = 2 ** 30 - 1;
/** Random bits are drawn for so many keys at once. */
const POOL_SIZE = 4096;
const RANDOM_DIGITS = 8;
const HEX = Array.from({ length: 256 }, (_, byte) => hexDigits(byte, 2));

/** In SQL: the number of the file a row is from, where $1 is what `firsts` returns. */
export const FILE_OF_ID = "width_bucket(id, $1::uuid[]) - 1";

export class RowIds {
  readonly #time: string;
  #random = "";
  #used = 0;
  /** Keys of 256 lines in a row begin alike. */
  #file = -1;
  #page = -1;
  #prefix = "";

  /** @param now milliseconds since 1970 */
  constructor(now: number) {
    const hex = hexDigits(now, 12);
    this.#time = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
  }

  next(file: number, line: number): string {
    if (this.#used === this.#random.length) {
      this.#random = randomBytes((POOL_SIZE * RANDOM_DIGITS) / 2).toString("hex");
      this.#used = 0;
    }
    const random = this.#random.slice(this.#used, this.#used + RANDOM_DIGITS);
    this.#used += RANDOM_DIGITS;
    const page = line >>> 8;
    if (file !== this.#file || page !== this.#page) {
      this.#file = file;
      this.#page = page;
      this.#prefix = this.#head(file, page);
    }
    return this.#prefix + HEX[line & 0xff] + random;
  }

  /** Keys of a file are not below this one, keys of the files before it are. */
  first(file: number): string {
    return `${this.#head(file, 0)}${"0".repeat(2 + RANDOM_DIGITS)}`;
  }

  /** @returns `first` of so many files, for FILE_OF_ID */
  firsts(files: number): string[] {
    return Array.from({ length: files }, (_, file) => this.first(file));
  }

  /** After the version 12 bits of file; after the variant the line's upper 22 of 30 bits. */
  #head(file: number, page: number): string {
    return `${this.#time}${hexDigits(file, 3)}-${hexDigits(0x8000 | (page >>> 8), 4)}-${HEX[page & 0xff]}`;
  }
}

export function placeOf(id: string): Place {
  const hex = id.replaceAll("-", "");
  const line = ((Number.parseInt(hex.slice(16, 20), 16) & 0x3fff) << 16) | Number.parseInt(hex.slice(20, 24), 16);
  return { file: Number.parseInt(hex.slice(13, 16), 16), line };
}

function hexDigits(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
