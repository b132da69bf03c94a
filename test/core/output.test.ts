/** Files that exports write: whole or not at all, for their owner alone, never over another one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { withOutput, withOutputFolder } from "../../src/core/output.js";
import { temporaryFolder } from "../support/cli.js";

function write(cwd: string, path: string | undefined, text: string, force = false) {
  return withOutput({ path, cwd, stdout: new PassThrough(), force }, async (sink) => {
    sink.write(text);
    return text.length;
  });
}

describe("an output file", () => {
  it("holds what was written, and is readable by its owner alone", async () => {
    const cwd = temporaryFolder();
    expect(await write(cwd, "out.csv", "a,b\n")).toBe(4);
    expect(readFileSync(join(cwd, "out.csv"), "utf8")).toBe("a,b\n");
    expect(statSync(join(cwd, "out.csv")).mode & 0o777).toBe(0o600);
    expect(readdirSync(cwd)).toEqual(["out.csv"]);
  });

  it("is compressed where its name says so", async () => {
    const cwd = temporaryFolder();
    await write(cwd, "out.csv.gz", "a,b\n".repeat(100_000));
    expect(gunzipSync(readFileSync(join(cwd, "out.csv.gz"))).toString()).toBe("a,b\n".repeat(100_000));
  });

  it("never replaces another one unless that is asked for", async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, "out.csv"), "mine");
    await expect(write(cwd, "out.csv", "new")).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
    expect(readFileSync(join(cwd, "out.csv"), "utf8")).toBe("mine");
    await write(cwd, "out.csv", "new", true);
    expect(readFileSync(join(cwd, "out.csv"), "utf8")).toBe("new");
  });

  it("does not replace one that appears while it is written", async () => {
    const cwd = temporaryFolder();
    const writing = withOutput({ path: "out.csv", cwd, stdout: new PassThrough(), force: false }, async (sink) => {
      sink.write("late");
      writeFileSync(join(cwd, "out.csv"), "first");
    });
    await expect(writing).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
    expect(readFileSync(join(cwd, "out.csv"), "utf8")).toBe("first");
    expect(readdirSync(cwd)).toEqual(["out.csv"]);
  });

  it.for(["out.csv", "out.csv.gz"])("%s is not there after a failure, and what was there before is", async (name) => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, name), "mine");
    const failing = withOutput({ path: name, cwd, stdout: new PassThrough(), force: true }, async (sink) => {
      sink.write("half");
      throw new Error("lost the database");
    });
    await expect(failing).rejects.toThrow("lost the database");
    expect(readFileSync(join(cwd, name), "utf8")).toBe("mine");
    expect(readdirSync(cwd)).toEqual([name]);
  });

  it("follows no symbolic link", async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, "secret"), "mine");
    symlinkSync("secret", join(cwd, "out.csv"));
    await expect(write(cwd, "out.csv", "new", true)).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
    expect(readFileSync(join(cwd, "secret"), "utf8")).toBe("mine");
  });

  it("may have a name as long as the file system allows, and no longer", async () => {
    const cwd = temporaryFolder();
    await write(cwd, "x".repeat(255), "new");
    expect(readdirSync(cwd)).toEqual(["x".repeat(255)]);
    await expect(write(cwd, "x".repeat(256), "new")).rejects.toThrow("has a name that is too long");
  });

  it("replaces nothing but plain files", async () => {
    const cwd = temporaryFolder();
    symlinkSync("nowhere", join(cwd, "dangling"));
    execFileSync("mkfifo", [join(cwd, "fifo")]);
    for (const path of ["dangling", "fifo", "/dev/full", "."]) {
      await expect(write(cwd, path, "new", true), path).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
    }
    expect(readdirSync(cwd).sort()).toEqual(["dangling", "fifo"]);
  });

  it("is its owner's alone whatever the umask", async () => {
    const cwd = temporaryFolder();
    const before = process.umask(0);
    try {
      await write(cwd, "out.csv", "a,b\n");
    } finally {
      process.umask(before);
    }
    expect(statSync(join(cwd, "out.csv")).mode & 0o777).toBe(0o600);
  });

  it("needs a folder to be in", async () => {
    await expect(write(temporaryFolder(), "no/out.csv", "x")).rejects.toMatchObject({ code: "FILE_UNUSABLE" });
  });
});

describe("an output folder", () => {
  it("appears with all of its files, for its owner alone", async () => {
    const cwd = temporaryFolder();
    await withOutputFolder({ path: "ada", cwd }, async (folder) => {
      expect(readdirSync(cwd)).not.toContain("ada");
      writeFileSync(join(folder, "user.csv"), "x");
    });
    expect(readdirSync(join(cwd, "ada"))).toEqual(["user.csv"]);
    expect(statSync(join(cwd, "ada")).mode & 0o777).toBe(0o700);
  });

  it("must not exist, be it a folder or a file", async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, "ada"));
    writeFileSync(join(cwd, "bob"), "mine");
    for (const path of ["ada", "bob"]) {
      const making = withOutputFolder({ path, cwd }, async () => {});
      await expect(making).rejects.toMatchObject({
        code: "FILE_UNUSABLE",
        hint: expect.not.stringContaining("--force"),
      });
    }
    expect(readFileSync(join(cwd, "bob"), "utf8")).toBe("mine");
  });

  it("is not there after a failure", async () => {
    const cwd = temporaryFolder();
    const failing = withOutputFolder({ path: "ada", cwd }, async (folder) => {
      writeFileSync(join(folder, "user.csv"), "x");
      throw new Error("lost the database");
    });
    await expect(failing).rejects.toThrow("lost the database");
    expect(readdirSync(cwd)).toEqual([]);
  });
});
