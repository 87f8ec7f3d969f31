import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { formatPolicy } from "../../../lib/policy/format-policy.ts";
import type { Policy } from "../../../lib/policy/policy.ts";
import { aclWith } from "./acls.ts";
import { own } from "./packets.ts";

const acl = aclWith();
const nat = { kind: "OutBoundNAT", addresses: [own.ip4], exceptions: [], destinations: [] } as const;

describe("a policy in one line", () => {
  it.each<[string, Policy]>([
    [
      "Guard 02:00:00:00:00:05 10.88.0.5 fd00:88::5",
      { kind: "Guard", mac: own.mac, addresses: [own.ip4, own.ip6], allow: [] },
    ],
    [
      "Guard 02:00:00:00:00:05 10.88.0.5, may be dhcp-server and router",
      { kind: "Guard", mac: own.mac, addresses: [own.ip4], allow: ["dhcp-server", "router"] },
    ],
    ["ACL 0 Allow In", acl],
    [
      "ACL 100 Block In protocol 6,17 local 10.88.0.5/32 local port 80,8000-8010 from 10.0.0.0/8 remote port 1024-65535 (no web)",
      {
        ...acl,
        action: "Block",
        priority: 100,
        protocols: [6, 17],
        localAddresses: [prefix("10.88.0.5/32")],
        localPorts: [
          { first: 80, last: 80 },
          { first: 8000, last: 8010 },
        ],
        remoteAddresses: [prefix("10.0.0.0/8")],
        remotePorts: [{ first: 1024, last: 65535 }],
        id: "no web",
      },
    ],
    [
      "ACL 0 Allow Out to 10.0.0.0/8,fd00::/8",
      { ...acl, direction: "Out", remoteAddresses: [prefix("10.0.0.0/8"), prefix("fd00::/8")] },
    ],
    ["QOS out 1000 bytes/s", { kind: "QOS", out: { bytesPerSecond: 1000 } }],
    ["QOS in 7 bytes/s", { kind: "QOS", in: { bytesPerSecond: 7 } }],
    [
      "QOS out 1 bytes/s in 2 bytes/s",
      { kind: "QOS", out: { bytesPerSecond: 1 }, in: { bytesPerSecond: 2 } },
    ],
    ["OutBoundNAT 10.88.0.5", nat],
    [
      "OutBoundNAT 10.88.0.5 only to 198.51.100.0/24 except to 10.0.0.0/8 192.0.2.0/24 as 192.0.2.7",
      {
        ...nat,
        exceptions: [prefix("10.0.0.0/8"), prefix("192.0.2.0/24")],
        destinations: [prefix("198.51.100.0/24")],
        virtualIp: ip("192.0.2.7"),
      },
    ],
    [
      "PortMapping any tcp 8080 -> 10.88.0.5 80",
      { kind: "PortMapping", protocol: "tcp", hostPort: 8080, address: own.ip4, containerPort: 80 },
    ],
    [
      "PortMapping 192.0.2.1 udp 53 -> fd00:88::5 5353",
      {
        kind: "PortMapping",
        protocol: "udp",
        hostIp: ip("192.0.2.1"),
        hostPort: 53,
        address: own.ip6,
        containerPort: 5353,
      },
    ],
  ])("%s", (text, policy) => {
    expect(formatPolicy(policy)).toBe(text);
  });
});
