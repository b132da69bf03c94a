/** docs/ci.md: its YAML can be read, and its commands do on an empty database what the page says. */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { parseAllDocuments } from "yaml";
import { packageRoot } from "../src/package-root.js";
import { temporaryFolder } from "./support/cli.js";
import { it } from "./support/database.js";
import { builtCommand, runInProcess } from "./support/in-process.js";

const page = readFileSync(join(packageRoot, "docs", "ci.md"), "utf8");

interface Workload {
  /** `name` of a workflow, `metadata.name` of a manifest. */
  readonly name: string;
  /** Words after `vocabdb`. */
  readonly commands: readonly (readonly string[])[];
}

interface Container {
  readonly command: readonly string[];
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
}

interface PodSpec {
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
}

/** The parts of workflows and manifests that are looked at. */
interface Document {
  readonly name?: string;
  readonly jobs?: Readonly<Record<string, { readonly steps: readonly { readonly run?: string }[] }>>;
  readonly metadata?: { readonly name: string };
  readonly spec?: {
    readonly template?: { readonly spec: PodSpec };
    readonly jobTemplate?: { readonly spec: { readonly template: { readonly spec: PodSpec } } };
  };
}

const documents = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].flatMap(([, text = ""]) =>
  parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Document;
  }),
);

function containersOf({ spec }: Document): Container[] {
  const pod = spec?.template?.spec ?? spec?.jobTemplate?.spec.template.spec;
  return [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
}

function workload(document: Document): Workload {
  const steps = Object.values(document.jobs ?? {}).flatMap((job) => job.steps);
  const typed = steps.flatMap(({ run = "" }) => (run.startsWith("npx vocabdb ") ? [run.split(" ").slice(2)] : []));
  const given = containersOf(document).map(({ command: [program, ...words] }) => {
    expect(program).toBe("node_modules/.bin/vocabdb");
    return words;
  });
  return { name: document.name ?? document.metadata?.name ?? "", commands: [...typed, ...given] };
}

describe("the commands of", () => {
  it("the page succeed, in the order in which they stand there", async ({ emptyDb }) => {
    const workloads = documents.map(workload);
    expect(workloads.map(({ name, commands }) => [name, commands.length])).toEqual([
      ["database", 7],
      ["deploy", 5],
      ["vocabdb-migrate-1-4-0", 2],
      ["vocabdb-session-prune", 1],
      ["vocabdb-report", 1],
    ]);
    const command = await builtCommand();
    const cwd = temporaryFolder();
    cpSync(join(packageRoot, "data"), join(cwd, "data"), { recursive: true });
    for (const { name, commands } of workloads) {
      const onGitHub = name.startsWith("vocabdb") ? {} : { GITHUB_ACTIONS: "true" };
      const env = { ...onGitHub, HOME: cwd, DATABASE_URL: emptyDb.url };
      for (const words of commands) {
        const { exitCode, stdout, stderr } = await runInProcess(command, words, { cwd, env });
        expect(exitCode, `${name}: ${words.join(" ")}\n${stdout}${stderr}`).toBe(0);
      }
    }
    expect(await emptyDb.query("SELECT count(*)::int AS words FROM vocabulary_words")).toEqual([{ words: 900 }]);
  });
});

describe("the containers", () => {
  it("need no file system to write to", () => {
    const containers = documents.flatMap(containersOf);
    expect(containers).toHaveLength(4);
    expect(containers.every(({ securityContext }) => securityContext.readOnlyRootFilesystem)).toBe(true);
  });
});
