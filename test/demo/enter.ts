/** Starts the demo again as root of a network and a mount namespace of its own (unshare(1)). */
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";

const asRoot = ["unshare", "--net", "--mount"];
const asUser = ["unshare", "--user", "--map-root-user", "--net", "--mount"];

/**
 * @param script what to run, with `place` before its arguments
 * @returns its exit code; 1 when no namespaces can be had, with the reason on stderr
 */
export async function enterOwnNamespaces(
  script: string,
  place: string,
  args: readonly string[],
): Promise<number> {
  const isRoot = process.getuid?.() === 0;
  const refusals: string[] = [];
  for (const words of isRoot ? [asRoot, asUser] : [asUser]) {
    const refusal = tryOut(words);
    if (refusal === undefined) return await runInside([...words, process.execPath, script, place, ...args]);
    refusals.push(refusal);
  }
  const way = isRoot
    ? "root needs CAP_SYS_ADMIN, which most containers lack"
    : "run it as root, or let ordinary users make user namespaces";
  process.stderr.write(`demo: no namespaces can be had here: ${refusals[0]}; ${way}\n`);
  return 1;
}

/** @returns why not, in the words of unshare */
function tryOut([program = "", ...words]: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, [...words, "true"], { encoding: "utf8" });
  if (status === 0) return undefined;
  return error === undefined
    ? (stderr.trim().split("\n")[0] ?? "")
    : `${program} (util-linux) does not start`;
}

/** A signal goes on to the process inside; with that goes everything it made. */
function runInside([program = "", ...words]: readonly string[]): Promise<number> {
  const child = spawn(program, words, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (signal !== null) process.stderr.write(`\ndemo: ended by ${signal}; its namespaces are gone\n`);
      resolve(code ?? 128 + constants.signals[signal ?? "SIGTERM"]);
    });
  });
}
