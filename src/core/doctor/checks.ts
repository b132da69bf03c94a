/** What the doctor looks at inside the database. */
import type { DatabaseCheck } from "./check.js";

export const databaseChecks: readonly DatabaseCheck[] = [];
