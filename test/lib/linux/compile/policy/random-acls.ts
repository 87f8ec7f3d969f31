/** Random ACLs of one endpoint, and packets that come close to their borders. */
import fc from "fast-check";
import { type Family, type Ip, ip, ipFamily, ipFromNumber } from "../../../../../lib/addr/ip.ts";
import { type Prefix, prefix, prefixOf } from "../../../../../lib/addr/prefix.ts";
import type { Acl, AclDefault, AclDirection, PortRange } from "../../../../../lib/policy/acl.ts";
import { hasPorts, IPPROTO, type IpPacket } from "../../../../../lib/policy/packet.ts";
import { own as endpoint, other } from "../../../policy/packets.ts";

/** Next to each other, at both ends, and such without ports among them. */
const protocols = [
  0,
  1,
  2,
  5,
  IPPROTO.tcp,
  7,
  16,
  IPPROTO.udp,
  18,
  47,
  IPPROTO.icmp6,
  IPPROTO.sctp,
  254,
  255,
];
const withPorts = protocols.filter(hasPorts);
const ports = [0, 1, 2, 79, 80, 81, 82, 1023, 1024, 65_534, 65_535];

/** A small net in which random prefixes meet, touch and hold each other; the ends of all; IPv6's place for IPv4. */
const bases: Readonly<Record<Family, bigint>> = { 4: 0x0a000000n, 6: 0xfd00n << 112n };
const edges: Readonly<Record<Family, readonly Prefix[]>> = {
  4: ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "0.0.0.0/32", "255.255.255.255/32"].map(prefix),
  6: ["::/0", "::/1", "8000::/1", "fd00::/8", "::/128", "::fffe:0:0/96", "::1:0:0:0/80"].map(prefix),
};

const near = (family: Family): fc.Arbitrary<Ip> =>
  fc.nat(127).map((offset) => ipFromNumber(family, bases[family] + BigInt(offset)));
const remotes = (family: Family): fc.Arbitrary<Prefix> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(near(family), fc.nat(7)).map(([address, bits]) => widened(address, bits)),
    },
    { weight: 1, arbitrary: fc.constantFrom(...edges[family]) },
  );
const widened = (address: Ip, bits: number): Prefix =>
  prefixOf(address, (ipFamily(address) === 4 ? 32 : 128) - bits);
const addresses = fc.constantFrom<Family>(4, 6).chain(remotes);

const range: fc.Arbitrary<PortRange> = fc
  .tuple(fc.constantFrom(...ports), fc.constantFrom(...ports))
  .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
const ranges = fc.array(range, { maxLength: 3 });

export const ownAddresses: fc.Arbitrary<readonly Ip[]> = fc.constantFrom(
  [endpoint.ip4, endpoint.ip6],
  [endpoint.ip4],
  [endpoint.ip6],
);

/** As configurations give them: ports only of protocols that have some. */
export const acl: fc.Arbitrary<Acl> = fc
  .record({
    action: fc.constantFrom("Allow", "Block"),
    direction: fc.constantFrom("In", "Out"),
    ported: fc.boolean(),
    any: fc.subarray(protocols, { maxLength: 3 }),
    some: fc.subarray(withPorts, { minLength: 1 }),
    localAddresses: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.subarray(["10.88.0.5/32", "fd00:88::/64", "192.0.2.0/24", "::/0"].map(prefix), {
          minLength: 1,
        }),
      },
    ),
    remoteAddresses: fc.array(addresses, { maxLength: 3 }),
    localPorts: ranges,
    remotePorts: ranges,
    priority: fc.nat(3),
  })
  .map(({ ported, any, some, localPorts, remotePorts, ...rest }): Acl => {
    const bears = ported && localPorts.length + remotePorts.length > 0;
    return {
      kind: "ACL",
      ...rest,
      protocols: bears ? some : any,
      localPorts: bears ? localPorts : [],
      remotePorts: bears ? remotePorts : [],
    };
  });

export const aclDefault: fc.Arbitrary<AclDefault> = fc.record({
  In: fc.constantFrom("Allow", "Block"),
  Out: fc.constantFrom("Allow", "Block"),
});

export const direction = fc.constantFrom<AclDirection>("In", "Out");

export interface Meeting {
  readonly remote: Ip;
  readonly protocol: number;
  readonly localPort: number;
  readonly remotePort: number;
}

/** What a packet has that boxes look at. */
export const meeting: fc.Arbitrary<Meeting> = fc.record({
  remote: fc.oneof(
    fc.constantFrom<Family>(4, 6).chain(near),
    fc.constantFrom(
      ...["0.0.0.0", "127.255.255.255", "128.0.0.0", "255.255.255.255", "::", "8000::"].map(ip),
      ...["::fffe:ffff:ffff", "::1:0:0:0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"].map(ip),
    ),
  ),
  protocol: fc.constantFrom(...protocols),
  localPort: fc.constantFrom(...ports),
  remotePort: fc.constantFrom(...ports),
});

/** @returns a packet that opens nothing and answers nothing, of a container with addresses of both families */
export function packetOf(
  { remote, protocol, localPort, remotePort }: Meeting,
  towards: AclDirection,
): IpPacket {
  const local = ipFamily(remote) === 4 ? endpoint.ip4 : endpoint.ip6;
  const out = towards === "Out";
  const bears = hasPorts(protocol);
  return {
    kind: "ip",
    sourceMac: out ? endpoint.mac : other.mac,
    destinationMac: out ? other.mac : endpoint.mac,
    source: out ? local : remote,
    destination: out ? remote : local,
    protocol,
    ...(bears
      ? { sourcePort: out ? localPort : remotePort, destinationPort: out ? remotePort : localPort }
      : {}),
  };
}
