// For `vocabdb db studio`: which database, and as whom, stands in PG* variables of the environment.
export default { datasource: { url: process.env.VOCABDB_STUDIO_URL ?? "postgresql://" } };
