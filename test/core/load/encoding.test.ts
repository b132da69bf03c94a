import { isUtf8 } from "node:buffer";
import { describe, expect, it } from "vitest";
import { encodingHint, guessEncoding, looksLikeUtf16 } from "../../../src/core/load/encoding.js";

function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(" ", ""), "hex");
}

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** What text of these encodings is made of, from iconv. */
const SAMPLES: readonly (readonly [string, string, Buffer])[] = [
  ["gb18030", "你好", hex("c4e3 bac3")],
  ["gb18030", "你", hex("c4e3")],
  ["gb18030", "银行", hex("d2f8 d0d0")],
  ["gb18030", "喝水。", hex("bac8 cbae a1a3")],
  ["gb18030", "中文, English", hex("d6d0 cec4 2c20 456e 676c 6973 68")],
  ["gb18030", "a 你 b", hex("6120 c4e3 2062")],
  ["shift_jis", "テスト", hex("8365 8358 8367")],
  ["shift_jis", "みず", hex("82dd 82b8")],
  ["shift_jis", "日本語", hex("93fa 967b 8cea")],
  ["shift_jis", "食べる", hex("9048 82d7 82e9")],
  ["shift_jis", "私は学生です。", hex("8e84 82cd 8a77 90b6 82c5 82b7 8142")],
  ["shift_jis", "犬,いぬ,dog", hex("8ca2 2c 82a2 82ca 2c 646f67")],
  ["windows-1251", "слово", hex("f1ebeee2ee")],
  ["windows-1251", "Привет, мир", hex("cff0e8e2e5f2 2c20 ece8f0")],
  ["windows-1252", "tür", latin1("tür")],
  ["windows-1252", "café", latin1("café")],
  ["windows-1252", "Ärger", latin1("Ärger")],
  ["windows-1252", "große Straße", latin1("große Straße")],
  ["windows-1252", "élève", latin1("élève")],
  ["windows-1252", "¿Qué?", latin1("¿Qué?")],
  ["windows-1252", "Übermäßig", latin1("Übermäßig")],
  ["windows-1252", "ñ", latin1("ñ")],
  ["windows-1252", "“naïve” – 5 €", hex("93 6e61ef7665 94 20 96 20 35 20 80")],
];

describe("bytes that are not UTF-8", () => {
  it.each(SAMPLES)("look like %s: %s", (name, _, bytes) => {
    // Otherwise nobody asks.
    expect(isUtf8(bytes)).toBe(false);
    expect(guessEncoding(bytes)?.name).toBe(name);
  });

  it("look like nothing when they are ASCII, or none", () => {
    expect(guessEncoding(Buffer.from("plain"))).toBeNull();
    expect(guessEncoding(Buffer.alloc(0))).toBeNull();
  });
});

describe("UTF-16", () => {
  it.each([
    ["little-endian", Buffer.from("term", "utf16le")],
    ["big-endian", Buffer.from("term", "utf16le").swap16()],
    ["little-endian by its byte order mark", hex("fffe 346c")],
    ["big-endian by its byte order mark", hex("feff 6c34")],
    ["little-endian with some other letters", Buffer.from("term,definition\n水,water\n", "utf16le")],
  ])("is told: %s", (_, bytes) => {
    expect(looksLikeUtf16(bytes)).toBe(true);
    expect(guessEncoding(bytes)).toEqual({ name: "utf-16", title: "UTF-16" });
  });

  it.each([
    ["text in UTF-8", Buffer.from("term,definition\n水,water\n")],
    ["text with a NUL here and there", Buffer.from("term\0,definition\0\n")],
    ["Latin-1", latin1("ÿ,þ")],
    ["the byte order mark of UTF-8", Buffer.from("\ufeffterm")],
    ["nothing", Buffer.alloc(0)],
    ["too little to tell", Buffer.from("a\0")],
  ])("is not told of %s", (_, bytes) => {
    expect(looksLikeUtf16(bytes)).toBe(false);
  });
});

describe("the hint", () => {
  it.each([
    ["GBK", "GB18030", hex("c4e3 bac3")],
    ["UTF-16", "UTF-16", hex("fffe 346c")],
    ["Windows-1251", "WINDOWS-1251", hex("f1ebeee2ee")],
    ["Latin-1 (Windows-1252)", "WINDOWS-1252", latin1("tür")],
  ])("says that it looks like %s, and the command that converts it", (title, name, bytes) => {
    expect(encodingHint(bytes)).toBe(
      `it looks like ${title}; convert the file first: iconv -f ${name} -t UTF-8 in.csv > out.csv`,
    );
  });

  it("leaves the encoding to the reader where nothing tells it", () => {
    expect(encodingHint(Buffer.from("plain"))).toBe(
      "convert the file first: iconv -f ENCODING -t UTF-8 in.csv > out.csv",
    );
  });
});
