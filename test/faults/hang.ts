/** The server hangs: its processes are stopped, and its connections stay open. In two files, which wait at the same time. */
import { hangServer } from "../support/hang.js";
import { sharedServer } from "../support/server.js";
import { SETTINGS } from "./experiment.js";
import { type Half, tryTogether } from "./together.js";

export function tryHanging(half: Half): void {
  const server = sharedServer({ conf: SETTINGS });
  const hung: { resume: () => void } = { resume: () => {} };
  tryTogether(
    server,
    {
      name: "server stopped (SIGSTOP)",
      strike: async () => {
        hung.resume = hangServer(server().pid);
      },
      mend: async () => hung.resume(),
      exits: [7],
      // Asked three times, two seconds for each, after as many of silence; and what the post-mortem takes.
      endsWithinMs: 25_000,
    },
    { parameters: "&connect_timeout=2", half },
  );
}
