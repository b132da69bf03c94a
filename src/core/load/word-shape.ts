/** Words, as files have them and as the table does. */
import { Refusal, type Shape, textCell } from "./shape.js";

const MAX_TAG_LENGTH = 35;
/** Bounded, as the tags may come from a hostile file. */
const MAX_REMEMBERED_TAGS = 1_000;

const tagCell = textCell(MAX_TAG_LENGTH, "refused");

/** From any spelling of a BCP 47 tag to its canonical form: `ZH-hant` is `zh-Hant`. */
function parseLanguage(text: string): string | Refusal {
  const tag = tagCell(text);
  if (tag instanceof Refusal) {
    return tag;
  }
  try {
    const [locale = ""] = Intl.getCanonicalLocales(tag);
    // BCP 47 also has room for languages of 5 to 8 letters, but none: they are names, such as Chinese.
    if (/^[a-z]{2,3}(-|$)/.test(locale) && locale.length <= MAX_TAG_LENGTH) {
      return locale;
    }
  } catch {
    // Not even of the shape of a tag.
  }
  return new Refusal(`${JSON.stringify(tag)} is not a language tag such as zh, ja or pt-BR (BCP 47)`);
}

/** Files repeat a few tags in every line. */
function remembering(parse: (text: string) => string | Refusal): (text: string) => string | Refusal {
  const known = new Map<string, string | Refusal>();
  return (text) => {
    let result = known.get(text);
    if (result === undefined) {
      result = parse(text);
      if (known.size < MAX_REMEMBERED_TAGS) {
        known.set(text, result);
      }
    }
    return result;
  };
}

const label = textCell(100, "null");

/** The limits are those of the table's check constraints; the headers were seen in real vocabulary files. */
export const WORDS = {
  noun: "word",
  table: "vocabulary_words",
  key: [
    {
      ...{ name: "language", column: "language", required: true },
      aliases: ["language", "lang", "languagecode", "locale"],
      parse: remembering(parseLanguage),
    },
    {
      ...{ name: "term", column: "term", required: true },
      aliases: [
        ...["term", "word", "vocabulary", "expression", "front", "headword", "lemma"],
        ...["chinese", "hanzi", "simplified", "japanese", "kanji", "korean", "hangul"],
        ...["russian", "spanish", "german", "french", "italian"],
      ],
      parse: textCell(255, "refused"),
    },
    {
      ...{ name: "reading", column: "reading", required: false },
      aliases: [
        ...["reading", "pronunciation", "transcription", "romanization", "ipa"],
        ...["pinyin", "kana", "furigana", "hiragana", "romaji"],
      ],
      parse: textCell(255, "text"),
    },
    {
      ...{ name: "sense", column: "sense", required: false },
      aliases: ["sense", "homograph", "disambiguation"],
      parse: textCell(100, "text"),
    },
  ],
  content: [
    {
      ...{ name: "definition", column: "definition", required: true },
      aliases: ["definition", "english", "meaning", "translation", "gloss", "back"],
      parse: textCell(4000, "refused"),
    },
    {
      ...{ name: "partOfSpeech", column: "part_of_speech", required: false },
      aliases: ["partofspeech", "pos", "wordclass", "wordtype"],
      parse: label,
    },
    {
      ...{ name: "level", column: "level", required: false },
      aliases: ["level", "hsk", "hsklevel", "jlpt", "jlptlevel", "cefr", "cefrlevel", "topik", "grade"],
      parse: label,
    },
    {
      ...{ name: "category", column: "category", required: false },
      aliases: ["category", "topic", "theme", "tag"],
      parse: label,
    },
    {
      ...{ name: "example", column: "example", required: false },
      aliases: ["example", "examplesentence", "sentence", "usage"],
      parse: textCell(4000, "null"),
    },
  ],
} as const satisfies Shape;
