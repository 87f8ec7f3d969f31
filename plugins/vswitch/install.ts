/**
 * Installing: the executable is copied once, then every name is a hard link to it (~105 MB in all, not each).
 *
 * Each name appears by rename, so a runtime that starts a plugin meanwhile gets the old or the new one, never half.
 */
import { copyFileSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import { pluginNames } from "./plugin-names.ts";

export interface InstallOptions {
  /** The executable to install. */
  readonly source: string;
  readonly binDir: string;
  /** Under the plain names, under `vswitch-NAME`, or both; `vswitch` itself always. */
  readonly names: "plain" | "prefixed" | "both";
}

export interface Installed {
  readonly file: string;
  readonly change: "installed" | "replaced" | "unchanged";
}

/** Idempotent. @throws {CniError} 5 when the folder cannot be written */
export function installPlugins({ source, binDir, names }: InstallOptions): readonly Installed[] {
  const wanted = namesOf(names);
  try {
    mkdirSync(binDir, { recursive: true, mode: 0o755 });
    return installInto(binDir, source, wanted);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CniError(errorCode.ioFailure, `install into ${binDir}: ${why}`, {
      reason: "install-failed",
      details: "the folder must be writable and have ~110 MB free",
      cause,
    });
  }
}

function installInto(binDir: string, source: string, names: readonly string[]): readonly Installed[] {
  const staged = join(binDir, `.vswitch-${process.pid}`);
  const current = join(binDir, "vswitch");
  try {
    // Already our file: link to it, so that the space is used once.
    if (sameContent(source, current)) linkSync(current, staged);
    else copyFileSync(source, staged);
    return names.map((name) => place(staged, join(binDir, name)));
  } finally {
    rmSync(staged, { force: true });
  }
}

function namesOf(names: InstallOptions["names"]): readonly string[] {
  const prefixed = pluginNames.map((name) => `vswitch-${name}`);
  return [...(names === "prefixed" ? [] : pluginNames), ...(names === "plain" ? [] : prefixed), "vswitch"];
}

function place(staged: string, file: string): Installed {
  const before = statSync(file, { throwIfNoEntry: false });
  if (before !== undefined && before.ino === statSync(staged).ino) return { file, change: "unchanged" };
  const fresh = `${file}.new-${process.pid}`;
  rmSync(fresh, { force: true });
  linkSync(staged, fresh);
  renameSync(fresh, file);
  return { file, change: before === undefined ? "installed" : "replaced" };
}

/** Compares by size and content hash. */
function sameContent(a: string, b: string): boolean {
  const [x, y] = [statSync(a, { throwIfNoEntry: false }), statSync(b, { throwIfNoEntry: false })];
  if (x === undefined || y === undefined || x.size !== y.size) return false;
  if (x.ino === y.ino && x.dev === y.dev) return true;
  return digestOf(a) === digestOf(b);
}

function digestOf(file: string): string {
  return new Bun.CryptoHasher("sha256").update(readFileSync(file)).digest("hex");
}
