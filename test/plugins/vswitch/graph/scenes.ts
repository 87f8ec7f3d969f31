/** Scenes as literals: hosts of every size, for pictures and checks. */
import { type Ip, ip } from "../../../../lib/addr/ip.ts";
import { prefix, prefixOf } from "../../../../lib/addr/prefix.ts";
import { ownerKey } from "../../../../lib/model/owner.ts";
import { type Plan, portName, switchMac, switchName, vnicMac } from "../../../../lib/model/plan.ts";
import type { Scene, SceneNetwork } from "../../../../lib/model/scene.ts";
import type { Switch } from "../../../../lib/model/switch.ts";
import type { Acl } from "../../../../lib/policy/acl.ts";
import type { Policy } from "../../../../lib/policy/policy.ts";
import { aclWith } from "../../../lib/policy/acls.ts";

export interface NetworkOptions extends Partial<Pick<Switch, "isolated" | "reachable" | "outboundNat">> {
  readonly gateways?: readonly string[];
}

export function network(name: string, options: NetworkOptions = {}): SceneNetwork {
  const { gateways = ["10.61.0.1/24", "fd00:61::1/64"], ...rest } = options;
  const prefixes = gateways.map(prefix);
  return {
    name,
    kind: "nat",
    switch: {
      kind: "internal",
      network: name,
      name: switchName(name),
      mac: switchMac(name),
      mtu: 1500,
      gateways: prefixes,
      forwarding: prefixes.some((gateway) => gateway.includes(":")) ? [4, 6] : [4],
      outboundNat: { exceptions: [] },
      ...rest,
    },
  };
}

export interface EndpointOptions {
  readonly containerId: string;
  readonly ifname?: string;
  readonly netns?: string;
  readonly addresses: readonly string[];
  readonly policies?: readonly Policy[];
  readonly aclDefault?: Plan["port"]["aclDefault"];
  /** Default true. */
  readonly guard?: boolean;
  /** "8080:80/tcp", with or without a host address before it. */
  readonly publish?: readonly string[];
}

export function endpoint(net: SceneNetwork, options: EndpointOptions): Plan {
  const { containerId, ifname = "eth0", netns = `/run/netns/${containerId}`, policies = [] } = options;
  const owner = { network: net.name, containerId, ifname };
  const key = ownerKey(owner);
  const addresses = options.addresses.map(ip);
  const guard: readonly Policy[] =
    options.guard === false ? [] : [{ kind: "Guard", mac: vnicMac(owner), addresses, allow: [] }];
  const mappings = (options.publish ?? []).flatMap((text) => mappingsOf(text, addresses));
  return {
    owner,
    key,
    compartment: { path: netns },
    switch: net.switch,
    port: {
      name: portName(key),
      policies: [...guard, ...policies, ...mappings],
      ...(options.aclDefault === undefined ? {} : { aclDefault: options.aclDefault }),
    },
    vnic: {
      type: "hostVnic",
      name: ifname,
      mac: vnicMac(owner),
      mtu: net.switch.mtu,
      addresses: addresses.map((address) => prefixOf(address, address.includes(":") ? 64 : 24)),
      routes: [],
    },
  };
}

function mappingsOf(text: string, addresses: readonly Ip[]): readonly Policy[] {
  const [, host, hostPort, containerPort, protocol] = /^(?:(.+):)?(\d+):(\d+)\/(\w+)$/.exec(text) ?? [];
  const hostIp = host === undefined ? undefined : ip(host.replace(/[[\]]/g, ""));
  return addresses
    .filter((address) => hostIp === undefined || hostIp.includes(":") === address.includes(":"))
    .map((address) => ({
      kind: "PortMapping",
      protocol: protocol as "tcp",
      ...(hostIp === undefined ? {} : { hostIp }),
      hostPort: Number(hostPort),
      address,
      containerPort: Number(containerPort),
    }));
}

export const acl = (priority: number, action: Acl["action"], direction: Acl["direction"]): Acl =>
  aclWith({ action, direction, priority, protocols: [6] });

/** A host with an uplink of both families, and what is put on it. */
export function scene(
  networks: readonly SceneNetwork[],
  endpoints: readonly Plan[],
  host: Partial<Scene["host"]> = {},
): Scene {
  const route = (destination: string, gateway: string) => ({
    destination: prefix(destination),
    gateway: ip(gateway),
    interface: "eth0",
    type: "unicast",
    priority: 0,
    table: 254,
  });
  return {
    networks,
    endpoints,
    host: {
      interfaces: [
        { name: "lo", mtu: 65536, up: true, addresses: [prefix("127.0.0.1/8"), prefix("::1/128")] },
        {
          name: "eth0",
          mtu: 1500,
          up: true,
          addresses: [prefix("192.0.2.1/24"), prefix("2001:db8::1/64"), prefix("fe80::1/64")],
        },
      ],
      routes: [route("0.0.0.0/0", "192.0.2.2"), route("::/0", "2001:db8::2")],
      neighbours: [],
      forwarding: { 4: true, 6: true },
      foreign: [],
      ...host,
    },
  };
}

/** Containers of one network, some of them with ports, ACLs and limits. */
export function crowd(net: SceneNetwork, count: number): readonly Plan[] {
  return Array.from({ length: count }, (_, i) => {
    const n = i + 2;
    const [v4, v6] = net.switch.gateways;
    const at4 = (v4 ?? "").split(".").slice(0, 2).join(".");
    const at6 = (v6 ?? "").split("::")[0];
    return endpoint(net, {
      containerId: ownerKey({ network: "id", containerId: `${n}`, ifname: net.name }) + "0".repeat(32),
      addresses: [
        `${at4}.${Math.floor(n / 256)}.${n % 256}`,
        ...(v6 === undefined ? [] : [`${at6}::${n.toString(16)}`]),
      ],
      ...(i % 5 === 0 ? { publish: [`${8000 + n}:80/tcp`] } : {}),
      ...(i % 7 === 3
        ? {
            policies: [acl(100, "Allow", "In"), acl(200, "Block", "Out")],
            aclDefault: { In: "Block", Out: "Block" } as const,
          }
        : {}),
    });
  });
}
