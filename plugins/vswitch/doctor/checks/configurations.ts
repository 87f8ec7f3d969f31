/** Configurations that name our plugins and that these would refuse. */
import { CniError } from "../../../../lib/cni/error.ts";
import type { JsonObject } from "../../../../lib/cni/read.ts";
import { isObject } from "../../../../lib/cni/read.ts";
import { type AddRequest, parseRequest } from "../../../../lib/cni/request.ts";
import { redact, secretsOf } from "../../../../lib/cni/secret.ts";
import type { PluginName } from "../../plugin-names.ts";
import type { Check } from "../check.ts";
import { type CniFile, cniFiles, oursOf, typesOf } from "../cni-files.ts";
import { type Complaint, error, note } from "../finding.ts";

export const configurations: Check = {
  id: "configurations",
  needs: [],
  fine: "configurations that name our plugins are valid",
  async find({ files, confDir }) {
    const complaints = await Promise.all(cniFiles(files, confDir).map(complaintsOf));
    return complaints.flat();
  },
};

async function complaintsOf({ file, plugins, problem }: CniFile): Promise<readonly Complaint[]> {
  // Nobody knows whether it was meant for us.
  if (problem !== undefined) return [note(`${file} is no configuration`, { seen: [problem] })];
  const refusals = await Promise.all(plugins.map(refusalOf));
  // A refusal quotes values; findings go into bug reports.
  const secrets = secretsOf(plugins);
  return refusals.flat().map(({ message, details }) =>
    error(`${file} would be refused`, {
      seen: [redact(message, secrets)],
      remedy: redact(details ?? "correct the configuration: conf-examples has complete ones", secrets),
    }),
  );
}

/** What is parsed by whom; loaded when a configuration names it. */
const readers: Readonly<Record<PluginName, () => Promise<(request: AddRequest) => unknown>>> = {
  nat: async () => {
    const { nat } = await import("../../../nat/plugin.ts");
    return (request) => nat.parse(request);
  },
  transparent: async () => {
    const { transparent } = await import("../../../transparent/plugin.ts");
    return (request) => transparent.parse(request);
  },
  overlay: async () => {
    const { overlay } = await import("../../../overlay/plugin.ts");
    return (request) => overlay.parse(request);
  },
  ipam: async () => {
    const { parseIpamConfig } = await import("../../../ipam/config.ts");
    return (request) => parseIpamConfig(request.config);
  },
};

async function refusalOf(plugin: JsonObject): Promise<readonly CniError[]> {
  const ours = typesOf(plugin).flatMap((type) => oursOf(type) ?? []);
  const refusals = await Promise.all(ours.map((name) => tryReading(name, plugin)));
  return refusals.flat();
}

async function tryReading(name: PluginName, plugin: JsonObject): Promise<readonly CniError[]> {
  try {
    const read = await readers[name]();
    const request = parseRequest(environment, JSON.stringify(plugin));
    if (request.verb === "ADD" && (name !== "ipam" || isObject(plugin.ipam))) read(request);
    return [];
  } catch (failure) {
    if (failure instanceof CniError) return [failure];
    throw failure;
  }
}

/** Of an ADD as a runtime would call it. */
const environment = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "doctor",
  CNI_NETNS: "/run/netns/doctor",
  CNI_IFNAME: "eth0",
};
