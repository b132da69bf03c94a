/** A home for an embedded server of a test's own. */
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { destroyEmbedded, embeddedStatus } from "../../src/core/embedded.js";

/** A VOCABDB_HOME without a server; one that is created there ends with the work. */
export async function withHome(use: (home: string) => Promise<void>): Promise<void> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "vocabdb-home-")));
  // Root runs the server as another account, which has to get in.
  chmodSync(home, 0o711);
  try {
    await use(home);
  } finally {
    if (embeddedStatus(home).state !== "absent") {
      await destroyEmbedded(home, "vocabdb", false);
    }
    rmSync(home, { recursive: true, force: true });
  }
}
