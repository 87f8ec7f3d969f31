/** Containers that bear every kind of policy, as configurations write them. */
import type { NatCase } from "../../plugins/nat/fixture.ts";

const acl = (settings: object) => ({ Type: "ACL", Settings: settings });
const nat = (settings: object) => ({ Type: "OutBoundNAT", Settings: settings });

export const everyPolicy: NatCase = {
  ips: ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1"],
  ports: [{ hostPort: 53, containerPort: 53, protocol: "udp" }],
  config: {
    DisableInterComputeCommunication: true,
    reachable: ["web"],
    guard: { allow: ["router"] },
    defaultAction: { In: "Block", Out: "Allow" },
    policies: [
      acl({
        Action: "Allow",
        Direction: "In",
        Protocols: "6,17",
        LocalPorts: "53,8000-8010",
        RemoteAddresses: "192.0.2.0/24,2001:db8::7",
        Priority: 100,
      }),
      acl({ Action: "Block", Direction: "In", RemoteAddresses: "192.0.2.128/25", Priority: 50 }),
      acl({ Action: "Block", Direction: "Out", Protocols: "6", RemotePorts: "25", Priority: 100 }),
      nat({ Destinations: ["198.51.100.0/24"], VirtualIP: "203.0.113.7" }),
      nat({ Exceptions: ["10.0.0.0/8", "fd00:1::/64"] }),
    ],
  },
};

/** What the other one has not: other defaults, other allowances, the other family. */
export const otherPolicies: NatCase = {
  ips: ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1"],
  ports: [
    { hostPort: 53, containerPort: 53, protocol: "udp", hostIP: "192.0.2.1" },
    { hostPort: 53, containerPort: 53, protocol: "udp", hostIP: "2001:db8::1" },
  ],
  config: {
    reachable: true,
    guard: { allow: ["dhcp-server"] },
    defaultAction: { In: "Allow", Out: "Block" },
    policies: [
      acl({ Action: "Block", Direction: "In", Protocols: "6", LocalPorts: "22", Priority: 100 }),
      acl({ Action: "Allow", Direction: "Out", Protocols: "17", RemotePorts: "53", Priority: 100 }),
      nat({ Destinations: ["2001:db8:1::/64"], VirtualIP: "2001:db8::9" }),
    ],
  },
};
