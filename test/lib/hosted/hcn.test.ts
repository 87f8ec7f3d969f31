import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { nativeIpam } from "../../../lib/hosted/hcn.ts";
import { formatAcl } from "../../../lib/policy/format-policy.ts";
import { natConfig } from "../../plugins/nat/fixture.ts";

describe("the ipam of Microsoft's shape", () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      "is ours when there is nothing foreign in it",
      { type: "ipam", subnet: "10.0.0.0/8" },
      { type: "ipam", subnet: "10.0.0.0/8" },
    ],
    [
      "has its gateway in a route without destination",
      { subnet: "172.19.208.0/20", routes: [{ GW: "172.19.208.1" }] },
      { subnet: "172.19.208.0/20", gateway: "172.19.208.1" },
    ],
    ["may call it gateway", { routes: [{ gateway: "172.19.208.1" }] }, { gateway: "172.19.208.1" }],
    [
      "has the first of several gateways",
      { routes: [{ GW: "10.0.0.1" }, { GW: "10.0.0.2" }] },
      { gateway: "10.0.0.1" },
    ],
    [
      "keeps a gateway that is given as ours is",
      { gateway: "10.0.0.9", routes: [{ GW: "10.0.0.1" }] },
      { gateway: "10.0.0.9" },
    ],
    [
      "keeps routes with a destination",
      { routes: [{ dst: "10.0.0.0/8", gw: "10.0.0.1" }, { GW: "10.0.0.2" }] },
      { gateway: "10.0.0.2", routes: [{ dst: "10.0.0.0/8", gw: "10.0.0.1" }] },
    ],
    [
      "keeps what is no gateway, for the ipam to refuse",
      { routes: [{ GW: "nowhere" }, 5] },
      { routes: [{ gw: "nowhere" }, 5] },
    ],
    [
      "loses what only Azure's ipam reads, in any case",
      { Environment: "mas", AddressSpace: "x", ipaddress: "", QueryInterval: "1", subnet: "10.0.0.0/8" },
      { subnet: "10.0.0.0/8" },
    ],
    ["may be empty", {}, {}],
    [
      "has its own keys in any case",
      { Subnet: "10.0.0.0/8", RangeStart: "10.0.0.9", Ranges: [[{ SUBNET: "10.1.0.0/16" }]] },
      { subnet: "10.0.0.0/8", rangeStart: "10.0.0.9", ranges: [[{ subnet: "10.1.0.0/16" }]] },
    ],
  ])("%s", (_, given, expected) => {
    expect(nativeIpam({ name: "net", ipam: given })).toEqual(expected);
  });

  it("may be absent", () => {
    expect(nativeIpam({ name: "net" })).toEqual({});
  });

  it("has the forced gateway in every subnet, so that no container gets its address", () => {
    const forced = (ipam: JsonObject) => nativeIpam({ ipam, OptionalFlags: { ForceBridgeGateway: true } });
    expect(forced({ subnet: "172.19.208.0/20", routes: [{ GW: "172.19.208.1" }] })).toEqual({
      subnet: "172.19.208.0/20",
      gateway: "172.19.208.2",
    });
    const ranges = [
      [{ subnet: "10.0.0.0/24" }, { Subnet: "10.0.1.0/24", gateway: "10.0.1.9" }],
      [{ subnet: "fd00::/64" }],
    ];
    expect(forced({ ranges })).toEqual({
      ranges: [
        [
          { subnet: "10.0.0.0/24", gateway: "10.0.0.2" },
          { subnet: "10.0.1.0/24", gateway: "10.0.1.2" },
        ],
        [{ subnet: "fd00::/64", gateway: "fd00::2" }],
      ],
    });
    expect(forced({ subnet: "nonsense" })).toEqual({ subnet: "nonsense" });
    expect(forced({})).toEqual({});
  });
});

describe("allowAclPortMapping", () => {
  const optionalFlags = { allowAclPortMapping: true };
  const ports = [
    { hostPort: 8080, containerPort: 80, protocol: "tcp" },
    { hostPort: 8443, containerPort: 443, protocol: "tcp" },
    { hostPort: 8081, containerPort: 80, protocol: "tcp", hostIP: "192.0.2.1" },
    { hostPort: 53, containerPort: 5353, protocol: "udp" },
  ];
  const out = { Type: "ACL", Settings: { Action: "Allow", Direction: "Out" } };
  const acls = (raw: JsonObject) => natConfig(raw, ports).port.acls.map(formatAcl);
  const published = [
    "ACL 1000 Allow In protocol 6 local port 80,443 (allowAclPortMapping)",
    "ACL 1000 Allow In protocol 17 local port 5353 (allowAclPortMapping)",
  ];

  it("lets published ports in where there are ACLs, or where the rest is blocked", () => {
    expect(acls({ optionalFlags, policies: [out] })).toEqual(["ACL 0 Allow Out", ...published]);
    expect(acls({ optionalFlags, defaultAction: { In: "Block" } })).toEqual(published);
  });

  it.each([
    [{ In: "Block" }, { In: "Block", Out: "Allow" }, published],
    [{ Out: "Block" }, { Out: "Block" }, []],
    [{ In: "Block", Out: "Block" }, { In: "Block", Out: "Block" }, published],
  ])("closes no way that defaultAction %j leaves open", (defaultAction, aclDefault, expected) => {
    const { port } = natConfig({ optionalFlags, defaultAction }, ports);
    expect(port.acls.map(formatAcl)).toEqual(expected);
    expect(port.aclDefault).toEqual(aclDefault);
  });

  it("adds nothing where nothing is judged, since the first ACL would close all else", () => {
    expect(acls({ optionalFlags })).toEqual([]);
    expect(acls({ optionalFlags, defaultAction: "Allow" })).toEqual([]);
    expect(natConfig({ optionalFlags, policies: [out] }).port.acls).toHaveLength(1);
  });

  it("is off by default", () => {
    expect(acls({ policies: [out] })).toEqual(["ACL 0 Allow Out"]);
  });
});
