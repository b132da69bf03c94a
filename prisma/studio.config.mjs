// For `vocabdb db studio`: which database, and as whom, stands in PG* variables of the environment.
import { subscribe } from "node:diagnostics_channel";

// Studio's page would report its launch to Prisma, whatever CHECKPOINT_DISABLE says. Its server has no switch for
// that, but a browser does not let a page talk to others than its policy names.
subscribe("http.server.request.start", ({ response }) => {
  response.setHeader("Content-Security-Policy", "connect-src 'self'");
});

// Its standard input is a pipe from vocabdb, whose end is vocabdb's own, however that came about.
process.stdin.on("end", () => process.exit()).resume();

export default { datasource: { url: process.env.VOCABDB_STUDIO_URL ?? "postgresql://" } };
