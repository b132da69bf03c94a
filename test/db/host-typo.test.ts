import { expect, it } from "vitest";
import { likelyHost } from "../../src/db/failures/host-typo.js";

it.each([
  ["aws-0-eu-central-1.pooler.supabase.con", "aws-0-eu-central-1.pooler.supabase.com"],
  ["aws-0-eu-central-1.pooler.supabse.com", "aws-0-eu-central-1.pooler.supabase.com"],
  ["db.abcdefghijklmnopqrst.supabase.com", "db.abcdefghijklmnopqrst.supabase.co"],
  ["ep-cool-name-123.eu-central-1.aws.neon.tch", "ep-cool-name-123.eu-central-1.aws.neon.tech"],
  ["mydb.abc.eu-west-1.rds.amazonaws.co", "mydb.abc.eu-west-1.rds.amazonaws.com"],
])("%s is meant to be %s", (host, meant) => {
  expect(likelyHost(host)).toBe(meant);
});

it.each([
  ...["localhost", "supabase.co", "db.example.org", "db", "192.0.2.1", "aws-0-eu-central-1.pooler.supabase.com"],
  ...["db.abcdefghijklmnopqrst.supabase.co", "ep-cool-name-123.eu-central-1.aws.neon.tech"],
])("%s is taken as it is", (host) => {
  expect(likelyHost(host)).toBeNull();
});
