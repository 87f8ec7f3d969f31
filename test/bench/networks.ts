/** The same network twice: for our executables and for the reference plugins. */
import { join } from "node:path";
import { toolPath } from "../system/run-program.ts";
import type { JsonObject, Network, Plugin } from "./call.ts";

/** What a side brings with it. */
export interface Place {
  readonly name: "ours" | "reference";
  /** Folder with the executables. */
  readonly bin: string;
  /** Folder for what the plugins remember. */
  readonly stateDir: string;
}

/** Where Debian has the plugins. */
export const referenceBin = "/usr/lib/cni";

const subnet = "10.71.0.0/16";

/**
 * ACLs of HCN: the last lets the bench's own packets pass, those before are about other remotes.
 *
 * @param count of them for each direction
 */
export function acls(count: number): readonly JsonObject[] {
  const rule = (Direction: string, at: number): JsonObject => {
    const isLast = at === count - 1;
    const RemoteAddresses = isLast ? "" : `198.18.${at >> 8}.${at & 255}`;
    const Settings = { Action: isLast ? "Allow" : "Block", Direction, RemoteAddresses, Priority: 100 + at };
    return { Type: "ACL", Settings };
  };
  return ["In", "Out"].flatMap((direction) => Array.from({ length: count }, (_, at) => rule(direction, at)));
}

/** Masquerade and a gateway, and published ports when asked for: one plugin of ours, one or two of the reference. */
export function natNetwork(place: Place, published: boolean, policies: JsonObject = {}): Network {
  const ports = { capabilities: { portMappings: true, bandwidth: true } };
  if (place.name === "ours") {
    return network(place, "bench", [["nat", { ...ports, ipam: ipamOf(place, subnet), ...policies }]]);
  }
  const bridge = { bridge: "cni0", isGateway: true, ipMasq: true };
  return network(place, "bench", [
    ["bridge", { ...bridge, ipam: { ...ipamOf(place, subnet), routes: [{ dst: "0.0.0.0/0" }] } }],
    ...(published ? [["portmap", { ...ports, snat: true }] as const] : []),
  ]);
}

/** Containers of several hosts; the others are in the file. Only ours. */
export function overlayNetwork(place: Place, settings: JsonObject = {}): Network {
  const peers = [{ vtep: "192.0.2.2", subnets: ["10.74.2.0/24"] }];
  const inFile = { subnet: "10.74.1.0/24", directory: { type: "static", peers } };
  const config = { vni: 4097, uplink: "eth0", ...("directory" in settings ? {} : inFile), ...settings };
  return network(place, "overlay", [["overlay", { capabilities: { portMappings: true }, ...config }]]);
}

/** Containers on the LAN of the uplink, by macvlan. */
export function lanNetwork(place: Place, settings: JsonObject = {}): Network {
  return macvlanNetwork(
    place,
    { ...ipamOf(place, "10.72.0.0/16"), routes: [{ dst: "0.0.0.0/0" }] },
    settings,
  );
}

/** The same with addresses that a server on the LAN lends. */
export function dhcpNetwork(place: Place, settings: JsonObject = {}): Network {
  const ipam =
    place.name === "ours"
      ? { type: "ipam", source: "dhcp" }
      : { type: "dhcp", daemonSocketPath: dhcpSocket(place) };
  return macvlanNetwork(place, ipam, settings);
}

/** Where the reference's DHCP daemon is asked. */
export function dhcpSocket(place: Place): string {
  return join(place.stateDir, "dhcp.sock");
}

function macvlanNetwork(place: Place, ipam: JsonObject, settings: JsonObject): Network {
  const plugin =
    place.name === "ours"
      ? (["transparent", { uplink: "eth0", ipam, ...settings }] as const)
      : (["macvlan", { master: "eth0", ipam }] as const);
  return network(place, "lan", [plugin]);
}

/** The IPAM alone, as an interface plugin calls it. */
export function ipamNetwork(place: Place, name: string, subnet: string): Network {
  const ipam = ipamOf(place, subnet);
  return network(place, name, [[ipam.type, { ipam }]]);
}

/** Where host-local keeps the leases of a network. */
export function hostLocalDir(place: Place): string {
  return join(place.stateDir, "networks");
}

/** Changing `type` is all it takes; host-local alone needs its folder named here. */
function ipamOf(place: Place, subnet: string): JsonObject & { readonly type: string } {
  return place.name === "ours"
    ? { type: "ipam", subnet }
    : { type: "host-local", subnet, dataDir: hostLocalDir(place) };
}

function network(place: Place, name: string, plugins: readonly (readonly [string, JsonObject])[]): Network {
  return {
    name,
    plugins: plugins.map(
      ([type, config]): Plugin => ({ exe: join(place.bin, type), config: { type, ...config } }),
    ),
    cniPath: place.bin,
    env: { PATH: toolPath, ...(place.name === "ours" && { VSWITCH_DATA_DIR: place.stateDir }) },
  };
}

/** `count` TCP ports of the host, published one to one from `first` on. */
export function publishedPorts(first: number, count: number): JsonObject {
  const portMappings = Array.from({ length: count }, (_, at) => ({
    hostPort: first + at,
    containerPort: 8000 + at,
    protocol: "tcp",
  }));
  return { portMappings };
}
