/** Commands as in a container that gives them as little as it can. */
import { describe, expect } from "vitest";
import { packageRoot } from "../../src/package-root.js";
import { vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";

/** All file systems read-only, a user id that no list of users has, and no home. The package is where anybody gets in. */
const CONFINED = [
  ...["unshare", "--mount", "sh", "-c"],
  [
    `mount --make-rprivate / && mount --bind '${packageRoot}' /mnt && mount -o remount,ro,bind /mnt`,
    "mount --rbind / / && mount -o remount,ro,bind / && mount -t tmpfs -o ro none /dev/shm || exit 98",
    "if touch /tmp/written; then exit 99; fi 2>/dev/null",
    "node=$1; shift 2",
    'exec setpriv --reuid=54321 --regid=54321 --clear-groups env --unset=HOME "$node" /mnt/bin/vocabdb.js "$@"',
  ].join("\n"),
  "sh",
];

describe("without a file system to write to, a name or a home", () => {
  it.for([
    "db wait --timeout 5s",
    "migrate",
    "migrate status --check",
    "seed --demo",
    "user create ada@example.org --generate-password",
    "session prune --older-than 30d",
    "progress report --json",
    "db doctor --fail-on error",
  ])("vocabdb %s", async (command, { db }) => {
    const { exitCode, stderr } = await vocabdb(command.split(" "), { url: db.url, within: CONFINED, cwd: "/" });
    expect(exitCode, stderr).toBe(0);
  });
});
