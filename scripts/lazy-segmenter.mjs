// Stands for Intl.Segmenter in the command line's bundle: made at its first use.
export class LazySegmenter {
  /** @type {Intl.Segmenter | undefined} */
  #segmenter;

  /** @param {ConstructorParameters<typeof Intl.Segmenter>} options */
  constructor(...options) {
    this.options = options;
  }

  /** @param {string} text */
  segment(text) {
    const { Segmenter } = Intl;
    this.#segmenter ??= new Segmenter(...this.options);
    return this.#segmenter.segment(text);
  }
}
