/** The server takes no writes any more, as a primary that has become a standby, or whose provider has had enough. */
import { sharedServer } from "../support/server.js";
import { SETTINGS } from "./experiment.js";
import { tryTogether } from "./together.js";

const server = sharedServer({ conf: SETTINGS });

/** Reaches every session before its next transaction. */
const reload = async (statement: string): Promise<void> => {
  await server().query(statement);
  await server().query("SELECT pg_reload_conf(), pg_sleep(0.1)");
};

tryTogether(server, {
  name: "read-only",
  strike: () => reload("ALTER SYSTEM SET default_transaction_read_only = on"),
  // The session that says so would be one of those that may not.
  mend: () => reload("ALTER SYSTEM RESET default_transaction_read_only"),
  exits: [7],
  endsWithinMs: 8_000,
});
