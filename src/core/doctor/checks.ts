/** What the doctor looks at inside the database. */
import type { DatabaseCheck } from "./check.js";
import { dataChecks } from "./checks-data.js";
import { exposureChecks } from "./checks-exposure.js";
import { migrationChecks } from "./checks-migrations.js";
import { roleChecks } from "./checks-role.js";
import { schemaChecks } from "./checks-schema.js";
import { serverChecks } from "./checks-server.js";
import { timeChecks } from "./checks-time.js";

export const databaseChecks: readonly DatabaseCheck[] = [
  ...serverChecks,
  ...timeChecks,
  ...roleChecks,
  ...migrationChecks,
  ...schemaChecks,
  ...dataChecks,
  ...exposureChecks,
];
