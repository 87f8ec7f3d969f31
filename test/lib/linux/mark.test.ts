import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Prefix, prefix } from "../../../lib/addr/prefix.ts";
import {
  endpointAlias,
  endpointComment,
  markedKey,
  markedNetwork,
  networkComment,
  networkMark,
  parseEndpointAlias,
  parseSwitchAlias,
  switchAlias,
} from "../../../lib/linux/mark.ts";
import { ownerKey } from "../../../lib/model/owner.ts";
import { clipComment } from "../../../lib/netlink/nft/userdata.ts";
import { seed } from "../seed.ts";

const owner = { network: "net", containerId: "c1", ifname: "eth0" };
const key = ownerKey(owner);

describe("the mark of an endpoint", () => {
  it("reads as whose it is, key first", () => {
    const addresses = [prefix("172.30.0.2/20"), prefix("fd00::2/64")];
    expect(endpointAlias(owner, addresses)).toBe(
      `vswitch:endpoint ${key} 172.30.0.2/20,fd00::2/64 net/c1/eth0`,
    );
    expect(endpointAlias(owner, [])).toBe(`vswitch:endpoint ${key} - net/c1/eth0`);
    expect(endpointComment(owner)).toBe(`vswitch:endpoint ${key} net/c1/eth0`);
  });

  it("gives everything back", () => {
    const addresses = [prefix("172.30.0.2/20"), prefix("fd00::2/64")];
    expect(parseEndpointAlias(endpointAlias(owner, addresses))).toEqual({ key, owner, addresses });
    expect(parseEndpointAlias(endpointAlias(owner, []))).toEqual({ key, owner, addresses: [] });
  });

  it("without the whole owner still has key and addresses", () => {
    const long = { ...owner, containerId: "c".repeat(300) };
    const addresses = [prefix("172.30.0.2/20")];
    expect(parseEndpointAlias(endpointAlias(long, addresses))).toEqual({ key: ownerKey(long), addresses });
  });
});

describe("the mark of a network", () => {
  it("reads as which it is", () => {
    expect(switchAlias("net", [prefix("172.30.0.1/20")])).toBe("vswitch:network net 172.30.0.1/20");
    expect(networkComment("net")).toBe("vswitch:network net");
  });

  it("gives everything back", () => {
    const gateways = [prefix("172.30.0.1/20"), prefix("fd00::1/64")];
    const alias = switchAlias("net", gateways);
    expect(parseSwitchAlias("br0", 1400, alias)).toEqual({
      network: "net",
      name: "br0",
      mtu: 1400,
      gateways,
    });
  });

  it("holds a hash instead of a long name, another for each", () => {
    const [a, b] = [`${"n".repeat(200)}a`, `${"n".repeat(200)}b`];
    expect(networkMark(a)).toHaveLength(100);
    expect(networkMark(a)).not.toBe(networkMark(b));
    expect(networkMark("n".repeat(100))).toBe("n".repeat(100));
    expect(networkMark(a)).toContain("~");
  });
});

it.each([
  undefined,
  "",
  "web server",
  `vswitch:endpoint ${key.slice(1)} - net/c1/eth0`,
  `vswitch:endpoint ${key}0 - net/c1/eth0`,
  `mine vswitch:endpoint ${key} -`,
  "vswitch:network",
  "vswitch:network ",
  "vswitch:networks net",
])("a foreign text is no mark: %s", (text) => {
  expect(markedKey(text)).toBeUndefined();
  expect(markedNetwork(text)).toBeUndefined();
  expect(parseEndpointAlias(text)).toBeUndefined();
  expect(parseSwitchAlias("br0", 1500, text)).toBeUndefined();
});

it("the mark of an endpoint is none of a network, nor the other way round", () => {
  expect(markedNetwork(endpointAlias(owner, []))).toBeUndefined();
  expect(markedKey(switchAlias("net", []))).toBeUndefined();
});

describe("any mark", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,300}$/);
  const owners = fc.record({
    network: name,
    containerId: name,
    ifname: fc.stringMatching(/^[^/:\s]{1,15}$/u),
  });
  const prefixes = fc.array(
    fc
      .integer({ min: 1, max: 0xffff })
      .map((n) => prefix(`fd00:1111:2222:3333:4444:5555:6666:${n.toString(16)}/64`)),
    { maxLength: 12 },
  );
  const onlyOf = (given: readonly Prefix[], read: readonly Prefix[]) =>
    expect(given.slice(0, read.length)).toEqual(read);

  it("fits the kernel's 255 bytes of an alias and nft's 128 of a comment, with its key whole", () => {
    fc.assert(
      fc.property(owners, prefixes, (one, addresses) => {
        const alias = endpointAlias(one, addresses);
        expect(Buffer.byteLength(alias)).toBeLessThanOrEqual(255);
        expect(markedKey(alias)).toBe(ownerKey(one));
        expect(markedKey(clipComment(endpointComment(one)))).toBe(ownerKey(one));
        expect(Buffer.byteLength(switchAlias(one.network, addresses))).toBeLessThanOrEqual(255);
        expect(markedNetwork(clipComment(networkComment(one.network)))).toBe(networkMark(one.network));
      }),
      { seed },
    );
  });

  it("says nothing that was not put into it, however much of it is cut off", () => {
    fc.assert(
      fc.property(owners, prefixes, (one, addresses) => {
        const endpoint = parseEndpointAlias(endpointAlias(one, addresses));
        if (endpoint?.owner !== undefined) expect(endpoint.owner).toEqual(one);
        onlyOf(addresses, endpoint?.addresses ?? []);
        const vswitch = parseSwitchAlias("br0", 1500, switchAlias(one.network, addresses));
        expect(vswitch?.network).toBe(networkMark(one.network));
        onlyOf(addresses, vswitch?.gateways ?? []);
      }),
      { seed },
    );
  });
});
