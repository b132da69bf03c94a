/** A terminal as a stream for exports: what is read by people there is made visible, in files and pipes it stays as it is. */
import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { visibleLines } from "./text.js";

export function screen(terminal: NodeJS.WritableStream): Writable {
  const decoder = new StringDecoder("utf8");
  return new Writable({
    decodeStrings: true,
    write: (chunk: Buffer, _, done) => void terminal.write(visibleLines(decoder.write(chunk)), done),
    final: (done) => void terminal.write(visibleLines(decoder.end()), done),
  });
}
