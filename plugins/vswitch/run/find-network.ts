/** The configuration of a network, as runtimes find it. Pure but for the files it is given. */
import { basename, dirname, resolve } from "node:path";
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import { isPluginType } from "../../../lib/cni/netconf.ts";
import { describeValue, type JsonObject } from "../../../lib/cni/read.ts";
import { type CniFile, cniFiles, isConfName } from "../doctor/cni-files.ts";
import type { PatientFiles } from "../doctor/patient.ts";

export interface NetworkConf {
  readonly name: string;
  readonly file: string;
  /** In the order of ADD, each with name and version. */
  readonly plugins: readonly JsonObject[];
}

/**
 * @param wanted a network's name, or a file
 * @param confDir where runtimes have them: the first file that defines the network counts
 * @throws {CniError} 7 for a file that is none, 106 naming what there is
 */
export function findNetwork(wanted: string, confDir: string, files: PatientFiles): NetworkConf {
  if (isPath(wanted)) return ofFile(resolve(wanted), files);
  const all = cniFiles(files, confDir);
  const found = all.find(({ plugins }) => plugins[0]?.name === wanted);
  if (found !== undefined) return confOf(found);
  throw missing(wanted, confDir, all);
}

const isPath = (text: string): boolean => text.includes("/") || isConfName(text);

function ofFile(file: string, files: PatientFiles): NetworkConf {
  const found = cniFiles(files, dirname(file)).find((one) => one.file === file);
  if (found !== undefined) return confOf(found);
  const why =
    files.text(file) === undefined
      ? "there is no such file"
      : "its name must end in .conflist, .conf or .json";
  throw new CniError(errorCode.invalidConfig, `network configuration ${file}: ${why}`, {
    reason: "conf-missing",
    details: "the repository's conf-examples are complete configurations",
  });
}

function confOf({ file, plugins, problem }: CniFile): NetworkConf {
  const name = plugins[0]?.name;
  const unnamed = typeof name === "string" && name !== "" ? undefined : "it names no network";
  const why = problem ?? unnamed ?? plugins.map(({ type }) => typeProblem(type)).find((one) => one);
  if (why === undefined) return { name: String(name), file, plugins };
  throw new CniError(errorCode.invalidConfig, `network configuration ${file}: ${why}`, {
    reason: "conf-invalid",
  });
}

/** It is looked for as a file of that name. */
function typeProblem(type: unknown): string | undefined {
  if (typeof type !== "string" || type === "") return "a plugin has no type";
  return isPluginType(type) ? undefined : `${describeValue(type)} is not the name of a plugin`;
}

function missing(wanted: string, confDir: string, all: readonly CniFile[]): CniError {
  const names = all.flatMap(({ plugins }) => (typeof plugins[0]?.name === "string" ? [plugins[0].name] : []));
  const broken = all.flatMap(({ file, problem }) =>
    problem === undefined ? [] : [`${basename(file)}: ${problem}`],
  );
  const known = names.length === 0 ? "defines none" : `defines ${[...new Set(names)].join(", ")}`;
  return new CniError(
    errorCode.dependencyMissing,
    `no configuration in ${confDir} is of network ${wanted}: it ${known}`,
    {
      reason: "network-unknown",
      details: [...broken, "--net takes the path of a configuration too"].join("; "),
    },
  );
}
