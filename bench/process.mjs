// Runs a program and says how long it took and how much memory it had.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * Peak resident memory is the kernel's own figure, read until the process ends; 0 where there is no /proc.
 *
 * @param {{ command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv }} program
 */
export async function measure({ command, args, cwd, env }) {
  const start = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk) => {
      output = (output + chunk).slice(-4_000);
    });
  }
  let peakKb = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has just ended.
    }
  }, 20);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  clearInterval(watch);
  if (code !== 0) {
    throw new Error(`${command} ended with exit code ${code}: ${output}`);
  }
  return { seconds: (performance.now() - start) / 1000, peakMb: peakKb / 1024 };
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
