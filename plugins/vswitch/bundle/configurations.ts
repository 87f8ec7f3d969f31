/** The configurations of networks, as runtimes find them, for a bundle. */
import { isConfName } from "../doctor/cni-files.ts";
import type { PatientFiles } from "../doctor/patient.ts";
import { fittingName } from "./entry-name.ts";
import { redactConf } from "./redact.ts";

/** More of one is nothing that a person wrote. */
const mostText = 256 * 1024;

/** @returns each with its name in the bundle, and what reads it and leaves out its secrets */
export function configurationsIn(
  folder: string,
  files: Pick<PatientFiles, "list" | "text">,
): readonly { readonly name: string; readonly read: () => string }[] {
  return files
    .list(folder)
    .filter(isConfName)
    .map((name, i) => ({
      name: fittingName("conf", name, i),
      read: () => redactConf((files.text(`${folder}/${name}`) ?? "").slice(0, mostText)),
    }));
}
