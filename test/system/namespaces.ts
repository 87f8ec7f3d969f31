/** Named network namespaces that belong to a test run, and whether this machine allows any. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCompartment, removeCompartment } from "../../lib/linux/compartment.ts";
import { inCompartment } from "../../lib/linux/netns.ts";
import { closeFile, openFile } from "../../lib/os/file.ts";
import { toolPath } from "./run-program.ts";

/** A network namespace pinned by a file, as `ip netns add` makes it. */
export interface Namespace {
  /** Name as `ip netns list` shows it. */
  readonly name: string;
  /** What a runtime passes as CNI_NETNS. */
  readonly path: string;
}

const folder = "/run/netns";
const prefix = "vst-";
const maxAgeMs = 3_600_000;

/** A name no other run uses; its maker's process id and its birth are in it, so that a later run can judge it. */
export function namespaceName(label: string): string {
  const random = Math.floor(Math.random() * 36 ** 5).toString(36);
  const seconds = Math.floor(Date.now() / 1000).toString(36);
  return `${prefix}${process.pid}-${seconds}-${random}-${label}`;
}

/** The namespace of that name, whether it exists or not. */
export function namespaceOf(name: string): Namespace {
  return { name, path: join(folder, name) };
}

/**
 * Says why this process cannot make network namespaces, or undefined when it can.
 * Nothing is left behind by asking.
 */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== "linux") return `network namespaces need Linux, this is ${process.platform}`;
  for (const tool of ["ip", "nsenter", "nft"]) {
    if (Bun.which(tool, { PATH: toolPath }) === null) return `the program ${tool} is not installed`;
  }
  const probe = namespaceOf(namespaceName("probe"));
  const made = spawnSync("ip", ["netns", "add", probe.name], { encoding: "utf8", env: { PATH: toolPath } });
  if (made.status === 0) {
    deleteNamespaces([probe.name]);
    return undefined;
  }
  return `network namespaces cannot be made here: ${made.stderr.trim() || made.error?.message || "ip failed"}`;
}

/**
 * The words to put before a command so that an ordinary user becomes root of namespaces of his own,
 * or undefined when that is not needed (already able) or not allowed on this machine.
 */
export function namespaceLauncher(): readonly string[] | undefined {
  if (whyNoNamespaces() === undefined) return undefined;
  const enter = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c"];
  const own = 'mount -t tmpfs tmpfs /run && mkdir -p /run/netns && exec "$@"';
  const launcher = [...enter, own, "sh"];
  const [program = "", ...words] = launcher;
  const tried = spawnSync(program, [...words, "ip", "netns", "add", "probe"], { env: { PATH: toolPath } });
  return tried.status === 0 ? launcher : undefined;
}

/** Makes namespaces, each with its loopback up: by our own calls, since by `ip` each takes 8 ms of three processes. */
export function createNamespaces(names: readonly string[]): void {
  for (const name of names) createCompartment(join(folder, name));
}

/** Runs a synchronous function inside a namespace: what is started or opened there stays there. */
export function withinNamespace<T>({ path }: Namespace, fn: () => T): T {
  const fd = openFile(path);
  try {
    return inCompartment({ path, fd }, fn);
  } finally {
    closeFile(fd);
  }
}

/** Deletes namespaces and ends what still runs in them; those that are gone already are no failure. */
export function deleteNamespaces(names: readonly string[]): void {
  const there = names.filter((name) => existsSync(join(folder, name)));
  if (there.length === 0) return;
  for (const pid of processesIn(there)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended meanwhile.
    }
  }
  for (const name of there) removeCompartment(join(folder, name));
}

/** By one look at each process; `ip netns pids` looks at all of them for each namespace. */
function processesIn(names: readonly string[]): readonly number[] {
  const wanted = new Set(names.map((name) => identity(join(folder, name))));
  wanted.delete(undefined);
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.filter((pid) => wanted.has(identity(`/proc/${pid}/ns/net`))).map(Number);
}

/** What tells a namespace from all others, by a path to it; undefined when it is gone. */
function identity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

/** Makes a folder for a test run; a later run removes it when this one could not. */
export function createFolder(label: string): string {
  const path = join(tmpdir(), namespaceName(label));
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** Removes namespaces and folders of runs whose process is gone, or that are older than an hour. */
export function sweepLeftovers(now: number = Date.now()): void {
  const leftIn = (place: string) => readdirSync(place).filter((name) => isLeftover(name, now));
  if (existsSync(folder)) deleteNamespaces(leftIn(folder));
  for (const name of leftIn(tmpdir())) rmSync(join(tmpdir(), name), { recursive: true, force: true });
}

function isLeftover(name: string, now: number): boolean {
  const [, pid, seconds = ""] = /^vst-(\d+)-([0-9a-z]+)-/.exec(name) ?? [];
  if (pid === undefined) return false;
  if (!existsSync(`/proc/${pid}`)) return true;
  return Number(pid) !== process.pid && now - Number.parseInt(seconds, 36) * 1000 > maxAgeMs;
}
