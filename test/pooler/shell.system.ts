/** `db shell` behind a pooler, which takes no search path on connecting. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { folderWith, vocabdb } from "../support/cli.js";
import { it } from "../support/database.js";
import { withPgBouncer } from "../support/pgbouncer.js";

it.for(["session", "transaction"] as const)("says which schema to choose (%s)", async (mode, { db }) => {
  await db.query('CREATE SCHEMA "my words"');

  await withPgBouncer({ mode, target: db.target }, async (_, { url }) => {
    const folder = folderWith({ psql: "#!/bin/sh\nenv | grep -c ^PGOPTIONS\n" });
    chmodSync(join(folder, "psql"), 0o755);
    const { stdout, stderr } = await vocabdb(["db", "shell"], {
      url: `${url}${url.includes("?") ? "&" : "?"}schema=my%20words`,
      env: { PATH: `${folder}:/usr/bin:/bin` },
    });
    expect(stderr).toContain('psql begins without the schema of the URL: SET search_path TO "my words";');
    expect(stdout).toBe("0\n");
  });
});
