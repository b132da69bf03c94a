/** Set-ups in which PgBouncer stands before the server, each in a way that does not work. */
import { describe, expect } from "vitest";
import { stopServer } from "../../src/db/embedded/server.js";
import { it } from "../support/database.js";
import { type PgBouncerOptions, withPgBouncer } from "../support/pgbouncer.js";
import { sharedServer } from "../support/server.js";
import { type Expected, expectFinding, PASSWORD } from "./table.js";

const server = sharedServer({}, [`CREATE ROLE app LOGIN PASSWORD '${PASSWORD}'`]);

interface Setup extends Expected {
  readonly name: string;
}
