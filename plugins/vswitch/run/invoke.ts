/** Starts one plugin of a chain, as a runtime does. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import { isObject, type JsonObject } from "../../../lib/cni/read.ts";
import { oursOf } from "../doctor/cni-files.ts";

export interface Invocation {
  readonly type: string;
  readonly conf: JsonObject;
  readonly env: Readonly<Record<string, string>>;
  /** Folders of plugins, the first that has it counts. */
  readonly binDirs: readonly string[];
}

/**
 * @returns what it printed; undefined for nothing
 * @throws {CniError} 106 when there is no such plugin; the plugin's own error; 112 when it died without one
 */
export async function invoke({ type, conf, env, binDirs }: Invocation): Promise<JsonObject | undefined> {
  const { file, argv0 } = findPlugin(type, binDirs);
  const child = Bun.spawn({
    cmd: [file],
    argv0,
    env: { ...process.env, ...env },
    stdin: new TextEncoder().encode(JSON.stringify(conf)),
    stdout: "pipe",
    stderr: "inherit",
    // Not in the terminal's group: Ctrl-C must not end a plugin half way.
    detached: true,
  });
  const stdout = await new Response(child.stdout).text();
  await child.exited;
  const printed = parse(stdout);
  if (child.exitCode === 0) return printed;
  throw failure(
    `${env.CNI_COMMAND} by plugin ${type}`,
    printed,
    `${child.signalCode ?? `exit code ${child.exitCode}`}`,
  );
}

/** Ours are under the same roof, whatever names were installed. */
function findPlugin(
  type: string,
  binDirs: readonly string[],
): { readonly file: string; readonly argv0: string } {
  const found = binDirs.map((folder) => join(folder, type)).find(isFile);
  if (found !== undefined) return { file: found, argv0: found };
  if (oursOf(type) !== undefined) return { file: process.execPath, argv0: type };
  throw new CniError(errorCode.dependencyMissing, `plugin ${type} is in none of ${binDirs.join(", ")}`, {
    reason: "plugin-missing",
    details: "install it there, or name its folder by --bin-dir",
  });
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function failure(doing: string, printed: JsonObject | undefined, end: string): CniError {
  const { code, msg, details } = printed ?? {};
  if (typeof code !== "number" || typeof msg !== "string")
    return new CniError(errorCode.delegateFailed, `${doing} failed without an error of CNI (${end})`, {
      reason: "plugin-failed",
    });
  return new CniError(code, `${doing}: ${msg} (code ${code})`, {
    reason: "plugin-error",
    ...(typeof details === "string" && details !== "" ? { details } : {}),
  });
}
