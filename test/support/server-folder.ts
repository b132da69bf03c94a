/** Where the servers of the tests keep their data. */
import { accessSync, chmodSync, constants, mkdtempSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MEMORY = "/dev/shm";
/** Of all servers that run at a time, with the largest databases of any test. */
const ROOM_BYTES = 4 * 2 ** 30;

/**
 * A new folder, in memory where there is room. Each test has a copy of a database, of hundreds of files that are deleted
 * soon after, and ext4 looks at all that were deleted within the last seconds before it creates another one: a quarter
 * of the processor's time of a whole run.
 */
export function serverFolder(purpose: string): string {
  const folder = mkdtempSync(join(hasRoom(MEMORY) ? MEMORY : tmpdir(), `vocabdb-${purpose}-`));
  // Root runs the server as another account, which has to get in.
  chmodSync(folder, 0o711);
  return folder;
}

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
