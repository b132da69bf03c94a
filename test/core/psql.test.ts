/** What may be given to psql: everything but another place to connect to. */
import { describe, expect, it } from "vitest";
import { refuseElsewhere } from "../../src/core/psql.js";

describe("refuseElsewhere", () => {
  it.for([
    [],
    ["-c", "SELECT 1"],
    ["-cSELECT 1"],
    ["-Atc", "SELECT 1"],
    ["-X", "-v", "ON_ERROR_STOP=1", "-1", "-f", "repair.sql"],
    ["-AtF", "d", "-P", "pager=off"],
    ["--command=SELECT 1", "--csv", "--set", "host=x"],
    ["--comm", "SELECT 1", "--no-psqlrc"],
    ["-Fd", "-Lhost.log", "--help"],
    ["-c", "-d"],
    ["--"],
  ])("lets %j pass", (args) => {
    expect(() => refuseElsewhere(args)).not.toThrow();
  });

  it.for([
    ["other"],
    ["-c", "SELECT 1", "other"],
    ["--", "other"],
    ["--csv", "other", "-A"],
    ["-d", "other"],
    ["-dother"],
    ["-Xhelsewhere"],
    ["-AtUboss"],
    ["-p5433"],
    ["--host=elsewhere"],
    ["--host", "elsewhere"],
    ["--user", "boss"],
    ["--dbname=postgresql://elsewhere/other"],
    ["postgresql://elsewhere/other"],
  ])("refuses %j", (args) => {
    expect(() => refuseElsewhere(args)).toThrow(/would lead it elsewhere/);
  });
});
