/** Configuration of a transparent network: defaults, units, and what a kind of switch cannot keep. Pure. */
import validate from "#schema/transparent";
import type { Mac } from "../../lib/addr/mac.ts";
import { anyShape, foldObject } from "../../lib/cni/keys.ts";
import { type Issue, type JsonObject, report, throwIssues } from "../../lib/cni/read.ts";
import { misspeltKeys, schemaIssues } from "../../lib/cni/schema.ts";
import { specifiedKeys } from "../../lib/cni/specified-keys.ts";
import { sameEverywhere } from "../../lib/hcn/network-policies.ts";
import { type PortConfig, portConfigShape, readPortConfig } from "../../lib/hcn/port-config.ts";
import { unknownKey } from "../../lib/hcn/settings.ts";
import { type AnyExternalSwitch, type MacvlanMode, macvlanModes } from "../../lib/model/switch.ts";
import type { Requested } from "../../lib/planning/requested.ts";
import { readVnicConfig } from "../../lib/planning/vnic-config.ts";
import { type VnicConfig, vnicConfigShape } from "../../lib/planning/vnic-keys.ts";
import { readNetworkPolicies } from "./hcn.ts";
import { refuseForKind } from "./kind-limits.ts";
import { refusePolicies } from "./port-policies.ts";

export interface TransparentConfig {
  /** Kind of the external switch. */
  readonly kind: AnyExternalSwitch["kind"];
  /** Interface of the host; absent: that of the default route. */
  readonly uplink?: string;
  /** 802.1Q id of all that leaves by the uplink. */
  readonly vlan?: number;
  /** Of macvlans; other kinds have one way alone. */
  readonly mode: MacvlanMode;
  /** The host gets an adapter of its own, so that it and the containers reach each other. On a bridge they do anyway. */
  readonly hostAccess: boolean;
  /** Name of the bridge; absent: derived from the network's. */
  readonly bridge?: string;
  /** An uplink that looks as if it passed no other MAC than its own is refused. */
  readonly checkUplink: boolean;
  /** Bytes; absent: the uplink's. */
  readonly mtu?: number;
  /** How long the wire is asked for an address before it is taken; absent: not at all. */
  readonly probeMs?: number;
  readonly port: PortConfig;
  readonly vnic: VnicConfig;
  readonly mac?: Mac;
}

/**
 * What is connected by wire answers in less than a millisecond, and what does not answer in so long is missed: RFC 5227
 * waits seconds, in which a container would stand still at each start.
 */
const defaultProbeMs = 20;
const longestProbeMs = 10_000;

/** Own keys in their canonical spelling; the specification's are folded by lib/cni. */
const shape = {
  switch: anyShape,
  uplink: anyShape,
  master: anyShape,
  mode: anyShape,
  hostAccess: anyShape,
  bridge: anyShape,
  checkUplink: anyShape,
  vlan: anyShape,
  mtu: anyShape,
  dad: anyShape,
  dataDir: anyShape,
  ...portConfigShape,
  ...vnicConfigShape,
} satisfies Record<keyof RawTransparent | "dad" | "dataDir", unknown>;

interface RawTransparent {
  readonly switch?: TransparentConfig["kind"];
  readonly uplink?: string;
  readonly master?: string;
  readonly mode?: MacvlanMode | "l2";
  readonly hostAccess?: boolean;
  readonly bridge?: string;
  readonly checkUplink?: boolean;
  readonly vlan?: number;
  readonly mtu?: number;
}

/**
 * @param runtime comes from the runtime, not from the configuration
 * @throws {CniError} 7 with every fault, 2 for a misspelt key or what the switch cannot keep
 */
export function parseTransparentConfig(raw: JsonObject, runtime: Requested): TransparentConfig {
  const config = foldObject(raw, shape);
  const [slip] = misspeltKeys(config, [...specifiedKeys, ...Object.keys(shape)]);
  if (slip !== undefined) throw unknownKey(slip);
  const issues: Issue[] = [...schemaIssues(validate, config)];
  throwIssues(issues);
  const own = config as RawTransparent;
  const kind = own.switch ?? "macvlan";
  const policies = readNetworkPolicies(config.policies, "policies", issues);
  const asked = readNetworkPolicies(config.AdditionalArgs, "AdditionalArgs", issues);
  const uplink = sameEverywhere(
    "uplink",
    [own.uplink, own.master, ...policies.uplinks, ...asked.uplinks],
    issues,
  );
  const vlan = sameEverywhere("vlan", [own.vlan, ...policies.vlans, ...asked.vlans], issues);
  const ofPorts = {
    ...config,
    policies: policies.rest,
    AdditionalArgs: asked.rest,
    // What is sent from another address would find no way back; on the wire itself that is the wire's to judge.
    guard: config.guard ?? kind === "routed",
  };
  const read = readPortConfig(ofPorts, runtime, runtime.network, issues);
  refusePolicies(kind, { ...read, portMappings: [...runtime.portMappings, ...read.portMappings] });
  const probeMs = readProbe(config.dad, issues);
  const vnic = readVnicConfig(config, runtime.vnicRequest ?? {}, issues);
  refuseForKind(kind, { mode: own.mode, hostAccess: own.hostAccess, vlan, mac: runtime.mac, vnic });
  if (own.mode === "l2" && kind !== "ipvlan")
    report(issues, "mode", `one of ${macvlanModes.join(", ")}`, "l2");
  const mode = own.mode === undefined || own.mode === "l2" ? "bridge" : own.mode;
  if (own.hostAccess && mode !== "bridge")
    report(
      issues,
      "hostAccess",
      `mode bridge: in mode ${mode} the host's adapter reaches no container`,
      true,
    );
  refuseOthers(kind, own, issues);
  if (own.mtu !== undefined && own.mtu !== 0 && own.mtu < 68)
    report(issues, "mtu", "0 (automatic) or 68 and more", own.mtu);
  throwIssues(issues);
  const { configuredNat: _, annotatedNat: __, ...port } = read;
  return {
    kind,
    mode,
    hostAccess: own.hostAccess ?? false,
    checkUplink: own.checkUplink ?? true,
    ...(own.bridge === undefined ? {} : { bridge: own.bridge }),
    port: { ...port, outboundNat: [] },
    vnic,
    ...(uplink === undefined ? {} : { uplink }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(own.mtu ? { mtu: own.mtu } : {}),
    ...(probeMs === undefined ? {} : { probeMs }),
    ...(runtime.mac === undefined ? {} : { mac: runtime.mac }),
  };
}

/** What belongs to another kind of switch; what ipvlan and routed cannot keep is refused with the port (kind-limits.ts). */
function refuseOthers(kind: TransparentConfig["kind"], own: RawTransparent, issues: Issue[]): void {
  if (kind !== "bridge") {
    if (own.bridge !== undefined) report(issues, "bridge", `"switch": "bridge" beside it`, own.bridge);
    return;
  }
  if (own.mode !== undefined)
    report(issues, "mode", "nothing for a switch of kind bridge: modes are macvlan's", own.mode);
  if (own.hostAccess === false)
    report(issues, "hostAccess", "true, or nothing: the host itself is on the bridge", own.hostAccess);
}

/** `dad`: true, false, or how many milliseconds an answer may take. */
function readProbe(value: unknown, issues: Issue[]): number | undefined {
  if (value === undefined || value === true) return defaultProbeMs;
  if (value === false) return undefined;
  if (typeof value === "number" && value > 0 && value <= longestProbeMs) return value;
  return report(issues, "dad", `true, false, or milliseconds up to ${longestProbeMs}`, value);
}
