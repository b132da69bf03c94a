/** Processes of a server that are stopped: their connections stay open, and nothing comes from them. */
import { readFileSync } from "node:fs";

/** @returns what the processes are resumed with; without that they could not be ended either */
export function hang(pids: readonly number[]): () => void {
  for (const pid of pids) {
    process.kill(pid, "SIGSTOP");
  }
  return () => {
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGCONT");
      } catch {
        // It has been killed.
      }
    }
  };
}

/** A whole server, as on a machine that hangs. */
export function hangServer(postmaster: number): () => void {
  // In this order, as it would start others.
  const resume = hang([postmaster]);
  const resumeOthers = hang(childrenOf(postmaster));
  return () => {
    resumeOthers();
    resume();
  };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}
