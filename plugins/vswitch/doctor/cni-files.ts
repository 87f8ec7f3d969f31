/** Configuration files of a runtime as libcni reads them (CNI 1.1 "Network configuration format"). Pure. */
import { isObject, type JsonObject } from "../../../lib/cni/read.ts";
import { plainName } from "../../names.ts";
import { type PluginName, pluginNames } from "../plugin-names.ts";
import type { PatientFiles } from "./patient.ts";

export interface CniFile {
  readonly file: string;
  /** Each as the runtime hands it over: with name and version. */
  readonly plugins: readonly JsonObject[];
  /** Why it is no configuration. */
  readonly problem?: string;
}

/** Whether a runtime looks at a file of this name. */
export const isConfName = (name: string): boolean => /\.(conf|conflist|json)$/.test(name);

/** Those that a runtime looks at, in its order. */
export function cniFiles(files: PatientFiles, folder: string): readonly CniFile[] {
  return files
    .list(folder)
    .filter(isConfName)
    .map((name) => {
      const file = `${folder}/${name}`;
      const text = files.text(file);
      return text === undefined
        ? { file, plugins: [], problem: "it cannot be read" }
        : { file, ...parse(text) };
    });
}

function parse(text: string): Omit<CniFile, "file"> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own words quote the text, which may hold secrets.
    return { plugins: [], problem: `it is no JSON (${text.length} characters)` };
  }
  if (!isObject(value)) return { plugins: [], problem: "it is no JSON object" };
  if (value.plugins === undefined) return { plugins: [value] };
  const { name, cniVersion = "0.2.0", plugins } = value;
  if (!Array.isArray(plugins) || !plugins.every(isObject))
    return { plugins: [], problem: "plugins is no list of objects" };
  return { plugins: plugins.map((plugin) => ({ ...plugin, name, cniVersion })) };
}

/** The plugin that an entry names, and its ipam. */
export function typesOf(plugin: JsonObject): readonly string[] {
  const ipam = isObject(plugin.ipam) ? plugin.ipam.type : undefined;
  return [plugin.type, ipam].filter((type): type is string => typeof type === "string");
}

/** Our plugins go by several names each. @returns the plain one */
export function oursOf(type: string): PluginName | undefined {
  const name = plainName(type);
  return pluginNames.find((one) => one === name);
}
