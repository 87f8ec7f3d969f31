/** Starts the demo again as root of a network and a mount namespace of its own (unshare(1)). */
import { spawn, spawnSync } from "node:child_process";

const asRoot = ["unshare", "--net", "--mount"];
const asUser = ["unshare", "--user", "--map-root-user", "--net", "--mount"];

/**
 * @param script what to run, with the argument "inside"
 * @returns its exit code, 1 when no namespaces can be had
 */
export function enterOwnNamespaces(script: string): Promise<number> {
  const refusals: string[] = [];
  for (const words of process.getuid?.() === 0 ? [asRoot, asUser] : [asUser]) {
    const refusal = tryOut(words);
    if (refusal === undefined) return runInside([...words, process.execPath, script, "inside"]);
    refusals.push(refusal);
  }
  process.stderr.write(`${whatIsMissing(refusals)}\n`);
  return Promise.resolve(1);
}

/** @returns why not, in the words of unshare */
function tryOut([program = "", ...words]: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, [...words, "true"], { encoding: "utf8" });
  if (status === 0) return undefined;
  return stderr?.trim() || error?.message || `${program} failed`;
}

function whatIsMissing(refusals: readonly string[]): string {
  const why = refusals.join("; ");
  return process.getuid?.() === 0
    ? `demo: this root may make no network namespaces (CAP_SYS_ADMIN is missing, as in most containers): ${why}`
    : `demo: run it as root, or where ordinary users may make user namespaces (user.max_user_namespaces): ${why}`;
}

/** A signal goes on to the process inside; with it goes everything that it made. */
function runInside([program = "", ...words]: readonly string[]): Promise<number> {
  const child = spawn(program, words, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on("error", (error) => {
      process.stderr.write(`demo: ${error.message}\n`);
      resolve(1);
    });
    child.on("exit", (code, signal) => {
      if (signal !== null) process.stderr.write(`\ndemo: ended by ${signal}; its namespaces are gone\n`);
      resolve(code ?? 130);
    });
  });
}
