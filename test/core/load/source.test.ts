import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { findSources, type Source, type SourceOptions } from "../../../src/core/load/source.js";
import { FileError } from "../../../src/errors/usage.js";
import { temporaryFolder } from "../../support/cli.js";

/** A folder with these files, each of which holds its own name. */
function folderWith(...files: readonly string[]): string {
  const folder = temporaryFolder();
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), file);
  }
  return folder;
}

function find(cwd: string, inputs: readonly string[], options: Partial<SourceOptions> = {}): Promise<Source[]> {
  return findSources(inputs, { cwd, stdin: Readable.from([]), ...options });
}

async function names(cwd: string, inputs: readonly string[], options?: Partial<SourceOptions>): Promise<string[]> {
  return (await find(cwd, inputs, options)).map(({ name }) => name);
}

describe("a file", () => {
  it("is one source, named as the user did, with its size", async () => {
    const cwd = folderWith("words.csv");
    const [source, ...others] = await find(cwd, ["./words.csv"]);
    expect(others).toEqual([]);
    expect(source).toMatchObject({ name: "./words.csv", path: join(cwd, "words.csv"), format: "csv", bytes: 9 });
    expect(await text(source?.open() ?? Readable.from([]))).toBe("words.csv");
  });

  it("may be named by its absolute path, or from elsewhere", async () => {
    const cwd = folderWith("a/words.csv", "b/other.csv");
    const path = join(cwd, "a", "words.csv");
    expect(await find(join(cwd, "b"), [path, "../a/words.csv", "other.csv"])).toMatchObject([
      { path },
      { path: join(cwd, "b", "other.csv") },
    ]);
  });

  it("may have any name when it is named itself", async () => {
    const cwd = folderWith("words.txt", "LICENSE", ".hidden.csv");
    expect(await names(cwd, ["words.txt", "LICENSE", ".hidden.csv"])).toEqual(["words.txt", "LICENSE", ".hidden.csv"]);
  });

  it("whose name looks like a pattern is that file", async () => {
    const files = ["a[1].csv", "b*.csv", "c{d,e}.csv", "f?.csv", "(g).csv", "!h.csv", "-i.csv"];
    const cwd = folderWith(...files, "a1.csv", "bb.csv", "cd.csv", "ff.csv", "g.csv");
    expect(await names(cwd, files)).toEqual(files);
  });

  it("that is missing is named", async () => {
    const error = find(folderWith("words.csv"), ["words.csv", "none.csv"]);
    await expect(error).rejects.toThrow(FileError);
    await expect(error).rejects.toMatchObject({
      ...{ code: "FILE_UNUSABLE", exitCode: 2, message: "none.csv: no such file", path: "none.csv" },
    });
  });

  it("that a symbolic link leads nowhere to is missing", async () => {
    const cwd = temporaryFolder();
    symlinkSync("gone.csv", join(cwd, "link.csv"));
    await expect(find(cwd, ["link.csv"])).rejects.toThrow("link.csv: no such file");
  });

  it.each(["/words.csv", "/*.csv"])("cannot be a folder: words.csv%s", async (rest) => {
    await expect(find(folderWith("words.csv"), [`words.csv${rest}`])).rejects.toThrow(FileError);
  });
});

describe("a folder", () => {
  it("stands for the files of words in it and below, in the order of their names", async () => {
    const cwd = folderWith(
      ...["data/zh.csv", "data/de.tsv", "data/a/ja.ndjson", "data/a/b/ko.jsonl", "data/z.csv.gz", "data/y.ndjson.gz"],
      ...["data/readme.md", "data/words.txt", "data/words.csv.bak", "data/csv", "other.csv"],
    );
    const expected = ["data/a/b/ko.jsonl", "data/a/ja.ndjson", "data/de.tsv", "data/y.ndjson.gz", "data/z.csv.gz"];
    expect(await names(cwd, ["data"])).toEqual([...expected, "data/zh.csv"]);
    expect(await names(cwd, ["data/"])).toEqual([...expected, "data/zh.csv"]);
    expect(await names(join(cwd, "data"), ["."])).toHaveLength(6);
  });

  it("may have a name that looks like a pattern", async () => {
    const cwd = folderWith("a[1]/words.csv", "a1/words.csv", "b*/words.csv", "(c)/{d}/words.csv");
    expect(await names(cwd, ["a[1]", "b*", "(c)/{d}"])).toEqual([
      ...["a[1]/words.csv", "b*/words.csv", "(c)/{d}/words.csv"],
    ]);
  });

  it("is not a file because it is called one", async () => {
    const cwd = folderWith("data/sub.csv/words.csv");
    expect(await names(cwd, ["data"])).toEqual(["data/sub.csv/words.csv"]);
    expect(await names(cwd, ["data/sub.csv"])).toEqual(["data/sub.csv/words.csv"]);
  });

  it("is found through a symbolic link", async () => {
    const cwd = folderWith("data/words.csv");
    symlinkSync("data", join(cwd, "link"));
    expect(await find(cwd, ["link"])).toMatchObject([{ name: "link/words.csv", bytes: 14 }]);
  });

  it("without any file of words is refused", async () => {
    const cwd = folderWith("data/readme.md");
    mkdirSync(join(cwd, "empty"));
    for (const folder of ["data", "empty"]) {
      await expect(find(cwd, [folder])).rejects.toMatchObject({
        code: "FILE_UNUSABLE",
        message: `${folder}: is a folder without any .csv, .tsv, .ndjson or .jsonl file (or .gz of one)`,
      });
    }
  });
});

describe("a pattern", () => {
  const cwd = () => folderWith("zh.csv", "de.csv", "a1.txt", "a2.txt", "sub/ja.csv", "sub/deep/ko.csv");

  it.each([
    ["*.csv", ["de.csv", "zh.csv"]],
    ["a?.txt", ["a1.txt", "a2.txt"]],
    ["a[2-9].txt", ["a2.txt"]],
    ["{zh,de,fr}.csv", ["de.csv", "zh.csv"]],
    ["**/*.csv", ["de.csv", "sub/deep/ko.csv", "sub/ja.csv", "zh.csv"]],
    ["*/*.csv", ["sub/ja.csv"]],
  ])("%s stands for what it matches, in the order of names", async (pattern, expected) => {
    expect(await names(cwd(), [pattern])).toEqual(expected);
  });

  it("may be absolute, or lead to elsewhere", async () => {
    const folder = cwd();
    expect(await find(temporaryFolder(), [join(folder, "*.csv")])).toMatchObject([
      ...[{ path: join(folder, "de.csv") }, { path: join(folder, "zh.csv") }],
    ]);
    expect(await names(join(folder, "sub"), ["../*.csv"])).toEqual(["../de.csv", "../zh.csv"]);
  });

  it.each(["*.tsv", "none/*.csv", "sub?"])("that matches no file is refused: %s", async (pattern) => {
    await expect(find(cwd(), ["zh.csv", pattern])).rejects.toMatchObject({
      code: "FILE_UNUSABLE",
      message: `${pattern}: no such file, and nothing matches it as a pattern`,
    });
  });
});

describe("several inputs", () => {
  it("are read in the order they were named", async () => {
    const cwd = folderWith("z.csv", "a.csv", "m/2.csv", "m/1.csv");
    expect(await names(cwd, ["z.csv", "m", "-", "a.*"])).toEqual([
      ...["z.csv", "m/1.csv", "m/2.csv", "standard input", "a.csv"],
    ]);
  });

  it("that are the same file are read once", async () => {
    const cwd = folderWith("a.csv", "b.csv");
    symlinkSync("a.csv", join(cwd, "link.csv"));
    symlinkSync(".", join(cwd, "again"));
    expect(await names(cwd, ["a.csv", "b.csv", "a.csv"])).toEqual(["a.csv", "b.csv"]);
    const inputs = ["a.csv", "./a.csv", join(cwd, "a.csv"), "link.csv", "again/a.csv", "a.*"];
    expect(await find(cwd, inputs)).toHaveLength(1);
    expect(await find(cwd, ["link.csv", "a.csv"])).toHaveLength(1);
    expect(await find(cwd, [".", "*.csv"])).toHaveLength(2);
  });

  it("that are different files of the same content are read each", async () => {
    const cwd = folderWith("a/words.csv", "b/words.csv");
    writeFileSync(join(cwd, "b", "words.csv"), "a/words.csv");
    expect(await names(cwd, ["a", "b"])).toEqual(["a/words.csv", "b/words.csv"]);
  });
});

describe("standard input", () => {
  it("is `-`, of unknown size, and read once", async () => {
    const stdin = Readable.from(["term\n"]);
    const [source, ...others] = await find(temporaryFolder(), ["-", "-"], { stdin });
    expect(others).toEqual([]);
    expect(source).toMatchObject({ name: "standard input", path: null, bytes: null, format: "csv" });
    expect(source?.open()).toBe(stdin);
  });

  it("is a file of that name when it is said so", async () => {
    expect(await find(folderWith("-"), ["./-"])).toMatchObject([{ name: "./-", bytes: 1 }]);
  });
});

describe("the format", () => {
  it.each([
    ["words.csv", "csv"],
    ["words.tsv", "csv"],
    ["words.csv.gz", "csv"],
    ["words.txt", "csv"],
    ["ndjson", "csv"],
    ["words.ndjson.csv", "csv"],
    ["words.ndjson", "ndjson"],
    ["words.jsonl", "ndjson"],
    ["words.ndjson.gz", "ndjson"],
    ["words.jsonl.gz", "ndjson"],
    ["WORDS.NDJSON", "ndjson"],
  ])("of %s is %s by its name", async (name, format) => {
    expect(await find(folderWith(name), [name])).toMatchObject([{ format }]);
  });

  it("is what the user says, for all of them", async () => {
    const cwd = folderWith("a.csv", "b.ndjson", "c.txt");
    for (const format of ["csv", "ndjson"] as const) {
      const sources = await find(cwd, ["*.*", "-"], { format });
      expect(sources.map((source) => source.format)).toEqual([format, format, format, format]);
    }
  });
});

describe("the file that rejects go to", () => {
  it("is left out of folders and patterns, however it is named", async () => {
    const cwd = folderWith("data/words.csv", "data/rejects.csv");
    for (const except of ["data/rejects.csv", "./data/../data/rejects.csv", join(cwd, "data", "rejects.csv")]) {
      expect(await names(cwd, ["data"], { except })).toEqual(["data/words.csv"]);
      expect(await names(cwd, ["data/*"], { except })).toEqual(["data/words.csv"]);
    }
    // Another file of the same name is none of rejects.
    expect(await names(cwd, ["data"], { except: "rejects.csv" })).toHaveLength(2);
  });

  it("is left out with its further parts, or every run would read those of the one before", async () => {
    const cwd = folderWith("data/words.csv");
    for (const part of ["rejects.csv", "rejects-2.csv", "rejects-3.csv"]) {
      writeFileSync(join(cwd, "data", part), "term,_line,_column,_code,_reason\n,2,term,INVALID_CELL,is empty\n");
    }
    expect(await names(cwd, ["data"], { except: "data/rejects.csv" })).toEqual(["data/words.csv"]);
    // They are read when they are named, to be fed back.
    expect(await names(cwd, ["data/rejects-2.csv"], { except: "data/rejects.csv" })).toHaveLength(1);
  });

  it("does not stand for a folder of words alone", async () => {
    const cwd = folderWith("data/rejects.csv");
    await expect(find(cwd, ["data"], { except: "data/rejects.csv" })).rejects.toThrow("is a folder without any");
  });
});

describe("a named pipe", () => {
  async function pipe(): Promise<{ source: Source; path: string }> {
    const cwd = temporaryFolder();
    const path = join(cwd, "pipe.ndjson");
    execFileSync("mkfifo", [path]);
    const [source] = await find(cwd, ["pipe.ndjson"]);
    if (source === undefined) {
      throw new Error("the pipe was not found");
    }
    return { source, path };
  }

  it("has no size that is known before it is read", async () => {
    expect((await pipe()).source).toMatchObject({ name: "pipe.ndjson", format: "ndjson", bytes: null });
  });

  it("is read to its end, although nobody writes to it yet", async () => {
    const { source, path } = await pipe();
    const reading = text(source.open());
    const lines = '{"term":"地"}\n'.repeat(20_000);
    await writeFile(path, lines);
    expect(await reading).toBe(lines);
  });

  it("can be given up while nobody writes to it", async () => {
    const { source } = await pipe();
    const stream = source.open();
    const closed = once(stream, "close");
    stream.destroy();
    await closed;
    expect(stream.destroyed).toBe(true);
  });
});

it("a device has no size either", async () => {
  expect(await find(temporaryFolder(), ["/dev/null"])).toMatchObject([{ bytes: null }]);
});
