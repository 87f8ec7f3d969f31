/** The nat network type: what it adds to the verbs. */
import { parseRuntimeConfig, readMac } from "../../lib/cni/capability.ts";
import { type Issue, throwIssues } from "../../lib/cni/read.ts";
import type { AddRequest } from "../../lib/cni/request.ts";
import type { NetworkPlugin } from "../../lib/verbs/network-plugin.ts";
import { type NatConfig, parseNatConfig } from "./config.ts";
import { nativeIpam } from "./hcn.ts";
import { automaticSubnet, natSettings, natSwitch } from "./network.ts";
import { planNat } from "./plan.ts";

export const nat: NetworkPlugin<NatConfig> = {
  kind: "nat",
  parse(request) {
    const { config } = request;
    const runtime = parseRuntimeConfig(config.runtimeConfig, config.name);
    const mac = runtime.mac ?? requestedMac(request);
    return parseNatConfig(config.raw, {
      ...runtime,
      network: config.name,
      ...(mac === undefined ? {} : { mac }),
    });
  },
  uplink: (config) => config.uplink,
  switch: natSwitch,
  settings: natSettings,
  nativeIpam,
  automaticSubnet,
  plan: planNat,
};

/** CNI conventions: `args.cni.mac` stands above the MAC of CNI_ARGS, and both below the capability. */
function requestedMac({ config, args }: AddRequest) {
  const issues: Issue[] = [];
  const cni = config.args?.cni;
  const inArgs = typeof cni === "object" && cni !== null && "mac" in cni ? cni.mac : undefined;
  const mac =
    readMac(inArgs, "args.cni.mac", issues) ?? readMac(args.values.get("MAC"), "CNI_ARGS MAC", issues);
  throwIssues(issues);
  return mac;
}
