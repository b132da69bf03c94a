import { DEFAULTS } from "../../../db/url-parameters.js";
import { type Item, list, prose } from "../page.js";
import type { Topic } from "../topics.js";

/** Which database it is, and how to work with it. */
export const SETTINGS: readonly Item[] = [
  {
    term: "DATABASE_URL",
    text: "`postgresql://USER:PASSWORD@HOST:5432/DATABASE`; in the password `#` is written `%23`, `@` `%40`, `/` `%2F`, `%` `%25`",
  },
  {
    term: "DIRECT_URL",
    text:
      "for migrations, where `DATABASE_URL` leads through a pooler; taken only from where `DATABASE_URL` was found, so that " +
      "the two cannot be of different databases",
  },
  {
    term: "SHADOW_DATABASE_URL",
    text: "an empty database for `migrate create`, where the role may not create one",
  },
  { term: "PGPASSWORD", text: "password, where the URL has none" },
  { term: "PGPASSFILE", text: "file with passwords, where neither has one (default: `~/.pgpass`)" },
  {
    term: "VOCABDB_POOL_MAX",
    text: `connections in the pool (default: ${DEFAULTS.poolMax}); \`connection_limit\` in the URL wins`,
  },
  {
    term: "VOCABDB_HOME",
    text: "folder of the embedded server (default: `$XDG_DATA_HOME/vocabdb`, else `~/.local/share/vocabdb`)",
  },
  { term: "XDG_DATA_HOME", text: "where the folder of the embedded server is, if VOCABDB_HOME does not say it" },
];

/** How results are shown. */
const TERMINAL: readonly Item[] = [
  { term: "NO_COLOR", text: "set to anything: no colours, as with --no-color" },
  { term: "TERM", text: "`dumb`: no colours and no pager" },
  {
    term: "VOCABDB_PAGER, PAGER",
    text: "what shows lists that are longer than the terminal (default: less); empty: nothing",
  },
];

/** What is read to tell who works, for the history, and where it is told. */
const OPERATOR: readonly Item[] = [
  {
    term: "GITHUB_ACTIONS",
    text: "`true`: the history names run and repository (GITHUB_REPOSITORY, GITHUB_RUN_ID, GITHUB_ACTOR), and bad records are annotated in the files",
  },
  { term: "GITLAB_CI", text: "`true`: the history names the job (CI_PROJECT_PATH, CI_JOB_ID, GITLAB_USER_LOGIN)" },
  { term: "CI", text: "`true`: the history says so" },
  { term: "SUDO_USER", text: "the history names who called sudo" },
];

/** Of the programs that are started. */
const PROGRAMS: readonly Item[] = [
  { term: "PATH", text: "where psql (`db shell`) and prisma (`db studio`) are looked for" },
  { term: "HOME", text: "where `~` is" },
];

export const environment: Topic = {
  description: prose(
    "Which database it is: the first of these that is found. --database-url, DATABASE_URL in the environment, DATABASE_URL " +
      "in `.env` of the current folder (or the file that --env-file names), and the embedded server, if `vocabdb db start` has " +
      "created one. Without any of them a command ends with exit code 2: a database is never invented. A command that writes " +
      "says first what it writes to.\n\n" +
      "Put the URL into `.env` or the environment, not on the command line, where every user of the machine can read it. " +
      "`vocabdb db doctor` says which one is used, and what is wrong with it.",
  ),
  sections: [
    { title: "Database", blocks: [list(SETTINGS)] },
    { title: "Terminal", blocks: [list(TERMINAL)] },
    { title: "Who works", blocks: [list(OPERATOR)] },
    { title: "Programs", blocks: [list(PROGRAMS)] },
    {
      title: "Files",
      blocks: [
        list([
          { term: ".env", text: "DATABASE_URL, DIRECT_URL and SHADOW_DATABASE_URL; nothing else is read from it" },
          { term: "~/.pgpass", text: "passwords, as psql reads them" },
        ]),
      ],
    },
    {
      title: "Parameters of the URL",
      blocks: prose(
        "As in libpq and Prisma: `sslmode` (disable, prefer, require, verify-ca, verify-full), `sslrootcert`, `sslcert`, " +
          "`sslkey`, `connect_timeout` and `pool_timeout` (seconds), `connection_limit`, `schema`, `application_name`, `options`, " +
          "and `host`, `port`, `user`, `password`, `dbname`, which win over what stands before the question mark. " +
          "`pgbouncer=true` is accepted and needs nothing. An unknown one is named in a warning.",
      ),
    },
  ],
  seeAlso: ["supabase", "db doctor", "db start", "db status"],
};
