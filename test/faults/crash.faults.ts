/** The server crashes, and is started again. */
import { runAs, serverAccount } from "../../src/db/embedded/account.js";
import { clusterBinaries } from "../../src/db/embedded/cluster.js";
import { startServer } from "../../src/db/embedded/server.js";
import { sharedServer } from "../support/server.js";
import { SETTINGS } from "./experiment.js";
import { tryTogether } from "./together.js";

const server = sharedServer({ conf: SETTINGS });

tryTogether(server, {
  name: "pg_ctl stop -m immediate",
  strike: async () => {
    const { cluster } = server();
    const { pgCtl } = await clusterBinaries(cluster.folder);
    const stop = ["stop", "--wait", "--mode=immediate", "-D", cluster.dataDirectory];
    const { exitCode, output } = await runAs(serverAccount(), pgCtl, stop);
    if (exitCode !== 0) {
      throw new Error(`pg_ctl ended with ${exitCode}: ${output}`);
    }
    await startServer(cluster);
  },
  exits: [7],
  endsWithinMs: 8_000,
});
