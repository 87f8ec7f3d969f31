/** Elements of every set that is not filled by rules. */
import { ip } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import {
  directElement,
  type LayoutElement,
  natElement,
  publishedElement,
  switchElement,
} from "../../../../lib/linux/layout/element.ts";
import { layoutSet, layoutSetNames, stateSetNames } from "../../../../lib/linux/layout/sets.ts";
import type { SetType } from "../../../../lib/netlink/nft/set.ts";

const singles: Readonly<Record<string, readonly (string | number)[]>> = {
  ifname: ["vp-0123456789ab", "vsw-other"],
  inet_proto: ["udp", 0],
  inet_service: [4789, 4097],
  ether_addr: ["02:00:00:00:00:05", "02:00:00:00:00:06"],
  ipv4_addr: ["10.88.0.5", "10.88.0.6"],
  ipv6_addr: ["fd00::5", "fe80::5"],
};

const ranges: Readonly<Record<string, readonly (string | number)[]>> = {
  ifname: ["vp-0123456789ab", "vp-0123456789ac"],
  inet_proto: ["7-16", "tcp"],
  ipv4_addr: ["10.88.0.5/32", "192.0.2.9-192.0.3.1"],
  ipv6_addr: ["fd00::5/128", "2001:db8::-2001:db8::1:7"],
  inet_service: ["80-90", 443],
};

export const web = {
  protocol: "tcp",
  hostPort: 8080,
  address: ip("172.30.0.2"),
  containerPort: 80,
} as const;

export const some: readonly LayoutElement[] = [
  switchElement("vs-nat", "network nat"),
  switchElement("fifteen-letters", "network other"),
  natElement(prefix("172.30.0.0/20"), "network nat"),
  natElement(prefix("172.30.16.0/20"), "network beside it"),
  natElement(prefix("192.0.2.7/32"), "one address"),
  natElement(prefix("fd00::/64"), "network nat"),
  natElement(prefix("ffff::/16"), "the last prefix of all"),
  directElement(prefix("172.30.0.0/20"), prefix("172.30.0.0/20"), "network nat"),
  directElement(prefix("172.30.0.0/20"), prefix("10.0.0.1/32"), "network nat"),
  directElement(prefix("fd00::/64"), prefix("fd00::/64"), "network nat"),
  publishedElement({ ...web, hostIp: ip("192.0.2.1") }, "web ü"),
  publishedElement({ ...web, hostIp: ip("127.0.0.1"), protocol: "udp" }, "dns"),
  publishedElement({ ...web, hostIp: ip("2001:db8::1"), address: ip("fd00::2") }, "web"),
  publishedElement({ ...web, protocol: "sctp" }, "x".repeat(300)),
  publishedElement({ ...web, hostPort: 65_535, address: ip("fd00::2") }, "web"),
  ...policies(),
];

function dataOf(type: SetType["data"], isIpv4: boolean): string {
  if (type === "verdict") return "goto guard";
  return isIpv4 ? "203.0.113.7" : "2001:db8::7";
}

/** One of each set of policies, by the types of its key; of ranges some that are prefixes and some that are not. */
function policies(): readonly LayoutElement[] {
  const made = ["switches", "nat4", "nat6", "direct4", "direct6"];
  return layoutSetNames
    .filter((set) => !made.includes(set) && !set.startsWith("published") && !stateSetNames.includes(set))
    .flatMap((set): readonly LayoutElement[] => {
      const { key, data, interval } = layoutSet(set);
      const values = interval ? ranges : singles;
      const element = (shift: number): LayoutElement => ({
        set,
        key: key.map((type, i) => values[type]?.[(i + shift) % 2] ?? ""),
        ...(data === undefined ? {} : { data: [dataOf(data, key.includes("ipv4_addr"))] }),
        comment: `of ${set}`,
      });
      return interval ? [element(0), element(1)] : [element(0)];
    });
}
