/** Files of this host, for reading. What cannot be read is as good as absent. */
import { readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { FileFacts, PatientFiles, SpaceFacts } from "./patient.ts";

export const hostFiles: PatientFiles = {
  text: (path) => absentOr(() => readFileSync(path, "utf8")),
  list: (folder) => absentOr(() => readdirSync(folder).toSorted()) ?? [],
  stat: (path) => absentOr(() => factsOf(path)),
  space,
};

function factsOf(path: string): FileFacts {
  const { size, mode, uid } = statSync(path);
  const permissions = mode & 0o7777;
  return { bytes: size, permissions, user: uid, executable: (permissions & 0o111) !== 0 };
}

/** The next folder above that is there tells for one that is yet to be made. */
function space(path: string): SpaceFacts | undefined {
  const found = absentOr(() => statfsSync(path));
  if (found === undefined) return dirname(path) === path ? undefined : space(dirname(path));
  const { bavail, bsize, files, ffree } = found;
  return { freeBytes: bavail * bsize, ...(files === 0 ? {} : { freeInodes: ffree }) };
}

function absentOr<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch {
    return undefined;
  }
}
