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

/**
 * For text that somebody typed or set: a connection URL, or part of one, may stand where none belongs. The word
 * PASSWORD, which stands for one where a URL is shown, is left.
 */
export function withoutPasswords(text: string): string {
  // Not one expression up to the @: of many :// without one, each would be looked at up to the end.
  return text.replace(/:\/{1,2}\S*/g, withoutUserInfo).replace(/(password=)(?!PASSWORD\b)('[^']*'|[^\s&]+)/gi, "$1***");
}

function withoutUserInfo(rest: string): string {
  const at = rest.lastIndexOf("@");
  const hasPassword = rest.slice(1, at).includes(":") && !/^:\/{1,2}[^\s:/@]*:PASSWORD@[^\s@]*$/.test(rest);
  return at !== -1 && hasPassword ? `://***${rest.slice(at)}` : rest;
}
