import { inspect } from "node:util";

/** A value that prints as dots wherever it ends up by accident: logs, JSON, template strings. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself; call it only where it leaves the process for the server. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "••••";
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
