/**
 * Tells in constant memory whether a natural key may have been seen before: a blocked Bloom filter (Putze,
 * Sanders, Singler 2007). It never misses a repeated key, and of new ones it suspects about one in a
 * thousand at ten million. The server then looks at the suspects only, instead of sorting everything.
 */

/** 32 MiB; memory that is never touched is never taken from the system. */
const WORDS = 2 ** 23;
const WORDS_PER_BLOCK = 16;
const BITS_PER_KEY = 6;
const BLOCK_MASK = WORDS / WORDS_PER_BLOCK - 1;

export class SeenKeys {
  readonly #bits = new Int32Array(WORDS);

  /**
   * Remembers the first `size` values as a key.
   *
   * @returns whether it may have been there before
   */
  add(values: readonly (string | null)[], size: number): boolean {
    let a = 0x811c9dc5 | 0;
    let b = 0;
    for (let n = 0; n < size; n += 1) {
      const value = values[n] ?? "";
      // Two simple hashes at once (FNV-1a and the one of Java's strings) are as good as one of 64 bits.
      for (let at = 0; at < value.length; at += 1) {
        const code = value.charCodeAt(at);
        a = Math.imul(a ^ code, 0x01000193);
        b = ((b << 5) - b + code) | 0;
      }
      // A mark between values: ("ab", "c") is not ("a", "bc").
      a = Math.imul(a ^ 0x1ffff, 0x01000193);
      b = ((b << 5) - b + 0x1ffff) | 0;
    }
    a = mix(a);
    b = mix(b);
    const block = (a & BLOCK_MASK) * WORDS_PER_BLOCK;
    // What the choice of the block has left of both hashes chooses six of its 512 bits.
    const c = mix(b ^ Math.imul(a >>> 19, 0x9e3779b1));
    const bits = this.#bits;
    let seen = true;
    for (let n = 0; n < BITS_PER_KEY; n += 1) {
      const nine = (n < 3 ? b : c) >>> ((n % 3) * 9);
      const word = block + ((nine >>> 5) & (WORDS_PER_BLOCK - 1));
      const bit = 1 << (nine & 31);
      const stored = bits[word] as number;
      if ((stored & bit) === 0) {
        seen = false;
        bits[word] = stored | bit;
      }
    }
    return seen;
  }
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the output. */
function mix(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
