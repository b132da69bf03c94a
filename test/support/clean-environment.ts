/** Nothing of the developer's own configuration may reach a test. */
for (const name of ["DATABASE_URL", "DIRECT_URL", "PGPASSWORD", "VOCABDB_HOME", "VOCABDB_POOL_MAX"]) {
  delete process.env[name];
}
