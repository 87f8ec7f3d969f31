/** A folder of plugins that are shell scripts, for the tests that start delegates. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PluginFolder {
  readonly path: string;
  /** Writes a script that first appends its verb to the calls and its input to a file, then runs `body`. */
  add(name: string, body: string, mode?: number): string;
  /** The verbs `name` was called with, in order. */
  calls(name: string): readonly string[];
  /** The stdin and the CNI environment of the last call. */
  last(name: string): { readonly stdin: string; readonly env: string };
  remove(): void;
}

export function makePluginFolder(): PluginFolder {
  const path = mkdtempSync(join(tmpdir(), "cni-plugins-"));
  const recorded = (name: string, what: string) => {
    const file = join(path, `${name}.${what}`);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };
  return {
    path,
    add(name, body, mode = 0o755) {
      const file = join(path, name);
      const record = `echo "$CNI_COMMAND" >> ${file}.calls; cat > ${file}.stdin; env | sort > ${file}.env`;
      writeFileSync(file, `#!/bin/sh\n${record}\n${body}\n`);
      chmodSync(file, mode);
      return file;
    },
    calls: (name) =>
      recorded(name, "calls")
        .split("\n")
        .filter((line) => line !== ""),
    last: (name) => ({ stdin: recorded(name, "stdin"), env: recorded(name, "env") }),
    remove: () => rmSync(path, { recursive: true }),
  };
}
