/** The folder of executables a runtime finds: the target's own files, with or without a recorder before them. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

export interface PluginFolderOptions {
  readonly folder: string;
  readonly binDirs: readonly string[];
  /** Folder for the recorder's files; undefined for no recorder. */
  readonly records: string | undefined;
}

/**
 * Makes `FOLDER/cni/bin` (what CNI_PATH names) and `FOLDER/cni/real`, and the list `FOLDER/binds` of files to be
 * mounted there: mounted, not copied or linked, so that an executable is the very file of the target.
 */
export function layPlugins({ folder, binDirs, records }: PluginFolderOptions): void {
  const executables = new Map<string, string>();
  for (const dir of binDirs) {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (!entry.isDirectory() && !executables.has(entry.name)) {
        executables.set(entry.name, resolve(dir, entry.name));
      }
    }
  }
  for (const part of ["bin", "real"]) mkdirSync(join(folder, "cni", part), { recursive: true });
  const recorder = records === undefined ? "" : recorderScript(records);
  const binds: string[] = [];
  for (const [name, path] of executables) {
    const real = join(folder, "cni", records === undefined ? "bin" : "real", name);
    writeFileSync(real, "");
    binds.push(path, real);
    if (records === undefined) continue;
    const shim = join(folder, "cni/bin", name);
    writeFileSync(shim, recorder);
    chmodSync(shim, 0o755);
  }
  writeFileSync(join(folder, "binds"), binds.map((line) => `${line}\n`).join(""));
}

function recorderScript(records: string): string {
  const script = readFileSync(join(import.meta.dirname, "recorder.sh"), "utf8");
  return script.replace("RECORDS", records);
}
