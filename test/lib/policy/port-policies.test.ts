import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import type { Acl, AclDefault } from "../../../lib/policy/acl.ts";
import {
  idleVirtualIps,
  type PortPolicies,
  portLayers,
  splitAddresses,
} from "../../../lib/policy/port-policies.ts";
import { aclWith } from "./acls.ts";
import { own } from "./packets.ts";

const rule = (priority: number, localAddresses: readonly string[] = []) =>
  aclWith({ priority, localAddresses: localAddresses.map(prefix) });
const nothing: PortPolicies = { acls: [], outboundNat: [] };
const both = [own.ip4, own.ip6];
const layers = (wanted: Partial<PortPolicies>, addresses = both) =>
  portLayers({ ...nothing, ...wanted }, { mac: own.mac, addresses });

describe("the layers of a port", () => {
  it("are none where nothing is wanted", () => {
    expect(layers({})).toEqual({ policies: [] });
  });

  it("stand in the order in which a packet meets them, ACLs in that of their priority", () => {
    const { policies } = layers({
      qos: { kind: "QOS", out: { bytesPerSecond: 1000 } },
      outboundNat: [{ exceptions: [], destinations: [] }],
      acls: [rule(2), rule(1)],
      guard: { allow: [], addresses: [] },
    });
    expect(policies.map(({ kind }) => kind)).toEqual(["Guard", "ACL", "ACL", "OutBoundNAT", "QOS"]);
    expect(policies.flatMap((one) => (one.kind === "ACL" ? one.priority : []))).toEqual([1, 2]);
  });

  it("guard all addresses, the link-local one, and those that are given beside", () => {
    const guard = { allow: ["router" as const], addresses: [ip("10.88.0.250"), own.ip4] };
    expect(layers({ guard }).policies).toEqual([
      {
        kind: "Guard",
        mac: own.mac,
        addresses: [own.ip4, own.ip6, own.link, ip("10.88.0.250")],
        allow: ["router"],
      },
    ]);
  });

  it("translate the addresses of the family of a virtual address, else all", () => {
    const nat = (virtualIp?: string) => ({
      exceptions: [prefix("192.0.2.0/24")],
      destinations: [],
      ...(virtualIp === undefined ? {} : { virtualIp: ip(virtualIp) }),
    });
    const sources = (virtualIp?: string, addresses = both) =>
      layers({ outboundNat: [nat(virtualIp)] }, addresses).policies.map((one) =>
        one.kind === "OutBoundNAT" ? one.addresses : [],
      );
    expect(sources()).toEqual([both]);
    expect(sources("192.0.2.7")).toEqual([[own.ip4]]);
    expect(sources("2001:db8::7")).toEqual([[own.ip6]]);
    expect(sources("2001:db8::7", [own.ip4])).toEqual([]);
    const idle = (virtualIp?: string) =>
      idleVirtualIps({ ...nothing, outboundNat: [nat(virtualIp)] }, [own.ip4]);
    expect(idle("2001:db8::7")).toEqual(["2001:db8::7"]);
    expect(idle("192.0.2.7")).toEqual([]);
    expect(idle()).toEqual([]);
  });
});

describe("what becomes of packets that no ACL names", () => {
  const allow: AclDefault = { In: "Allow", Out: "Allow" };
  it.each<[string, readonly Acl[], Partial<AclDefault> | undefined, AclDefault | undefined]>([
    ["passes without any ACL, and nothing is judged", [], undefined, undefined],
    ["is denied both ways once there is any ACL", [rule(0)], undefined, { In: "Block", Out: "Block" }],
    ["is what defaultAction says", [rule(0)], allow, allow],
    ["is what it says of one direction", [rule(0)], { Out: "Allow" }, { In: "Block", Out: "Allow" }],
    ["is denied by defaultAction alone", [], { In: "Block", Out: "Block" }, { In: "Block", Out: "Block" }],
    ["is denied one way by it alone", [], { In: "Block" }, { In: "Block", Out: "Allow" }],
    ["passes where it says what is so anyhow", [], allow, undefined],
  ])("%s", (_, acls, aclDefault, expected) => {
    const given = aclDefault === undefined ? { acls } : { acls, aclDefault };
    expect(layers(given).aclDefault).toEqual(expected);
  });
});

describe("ACLs that tell apart addresses of one family", () => {
  const addresses = [own.ip4, ip("10.99.0.5"), own.ip6];
  it.each<[string, readonly string[], boolean]>([
    ["none are without local addresses", [], false],
    ["one is that holds one of two", ["10.88.0.5/32"], true],
    ["none are that hold both", ["10.0.0.0/8"], false],
    ["none are that hold both by two prefixes", ["10.88.0.0/16", "10.99.0.0/16"], false],
    ["none are that hold none, as they match nothing", ["192.0.2.0/24"], false],
    ["none are that hold the only one of its family", ["fd00:88::5/128"], false],
    ["one is that holds all of one family and some of the other", ["fd00::/8", "10.99.0.5/32"], true],
  ])("%s", (_, local, expected) => {
    expect(splitAddresses([rule(0, local)], addresses)).toHaveLength(expected ? 1 : 0);
  });
});
