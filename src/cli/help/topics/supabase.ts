import { list, prose } from "../page.js";
import type { Topic } from "../topics.js";

export const supabase: Topic = {
  description: prose(
    "The first thing to type, whatever goes wrong, is `vocabdb db doctor`: it says what is wrong, why, and what to do, and signs " +
      "in at most once. Two wrong passwords in a row get your address banned. All of this at length: docs/supabase.md of the package.",
  ),
  sections: [
    {
      title: "Set it up",
      blocks: [
        list([
          {
            term: "1. the password",
            text: "that of the database: dashboard, Project Settings, Database, Reset database password",
          },
          { term: "2. the address", text: "dashboard, Connect, Session pooler: copy the URI, host and all" },
          {
            term: "3. the certificate",
            text: "dashboard, Project Settings, Database, SSL Configuration, Download certificate",
          },
          { term: "4. .env", text: "put all of it in one line, in double quotes, and chmod 600 .env:" },
        ]),
        {
          kind: "verbatim",
          text: '  DATABASE_URL="postgresql://postgres.REF:PASSWORD@HOST:5432/postgres?sslmode=verify-full&sslrootcert=CERTIFICATE"',
        },
        ...prose(
          "In the password `#` is written `%23`, `@` `%40`, `/` `%2F`, `?` `%3F`, `:` `%3A`, `%` `%25`, a space `%20`. Then:",
        ),
        {
          kind: "examples",
          items: [
            { term: "vocabdb db doctor", text: "Is everything as it should be?" },
            { term: "vocabdb migrate", text: "Make the tables" },
            { term: "vocabdb db mark production", text: "Protect them" },
          ],
        },
      ],
    },
    {
      title: "Which of the three addresses",
      blocks: [
        list([
          {
            term: "Session pooler",
            text: "`aws-…pooler.supabase.com:5432`, for vocabdb, migrations included; from every network",
          },
          {
            term: "Transaction pooler",
            text: "the same with `:6543`, for a backend of many processes; every command but `migrate`, which takes DIRECT_URL (`:5432`) where that is set too",
          },
          {
            term: "Direct connection",
            text: "`db.REF.supabase.co:5432`, for machines with IPv6 (or the paid IPv4 add-on)",
          },
        ]),
        ...prose(
          "All clients of a project share the connections of its session pooler (pool size). Each vocabdb takes up to five while it " +
            "works; VOCABDB_POOL_MAX=2 makes it two.",
        ),
      ],
    },
    {
      title: "When it fails",
      blocks: [
        list([
          {
            term: "only an IPv6 address",
            text: "Direct connection from a network without IPv6: take the session pooler's URI",
          },
          { term: "host name does not exist", text: "a typing error, or the project is paused: Restore project" },
          { term: "turns this machine away", text: "banned: Database, Network Bans, Unban IP; or wait half an hour" },
          { term: "refused the password", text: "do not guess: copy the URI again, or reset the password" },
          { term: "tenant or user not found", text: "the user lacks `.REF`, or the host is that of another region" },
          { term: "address not in the allow list", text: "Database Settings, Network Restrictions: add it" },
          { term: "certificate was not accepted", text: "give it Supabase's, as in step 3" },
          { term: "all connections are taken", text: "VOCABDB_POOL_MAX=2, or a larger pool size" },
          { term: "migrations need a session", text: "DATABASE_URL has `:6543` and there is no DIRECT_URL" },
        ]),
      ],
    },
  ],
  seeAlso: ["environment", "db doctor", "migrate deploy", "db mark"],
};
