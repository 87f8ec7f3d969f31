import { describe, expect, test } from "vitest";
import { mac } from "../../../../lib/addr/mac.ts";
import { decodeLink } from "../../../../lib/netlink/route/decode-link.ts";
import {
  createSublink,
  decodeSublink,
  type NewSublink,
  sublinkTitle,
} from "../../../../lib/netlink/route/sublink.ts";
import { expectGolden } from "../expect-golden.ts";
import { golden } from "../golden.ts";

const sublink = golden("route/sublink.txt");
const IFINFOMSG = 16;
const inside = { mtu: 1400, mac: mac("02:00:00:00:00:05"), netnsFd: 4 } as const;
const beside = { mac: mac("02:00:00:00:00:06") } as const;

const made: readonly (readonly [string, NewSublink])[] = [
  [
    "ip link add link up0 mv1 mtu 1400 address 02:00:00:00:00:05 netns c1 type macvlan mode bridge",
    { name: "mv1", lower: 3, ...inside, sublink: { kind: "macvlan", mode: "bridge" } },
  ],
  [
    "ip link add link up0 mv2 address 02:00:00:00:00:06 type macvlan mode private",
    { name: "mv2", lower: 3, ...beside, sublink: { kind: "macvlan", mode: "private" } },
  ],
  [
    "ip link add link up0 mv3 type macvlan mode vepa",
    { name: "mv3", lower: 3, sublink: { kind: "macvlan", mode: "vepa" } },
  ],
  [
    "ip link add link far0 mv4 type macvlan mode passthru",
    { name: "mv4", lower: 2, sublink: { kind: "macvlan", mode: "passthru" } },
  ],
  [
    "ip link add link up0 up0.7 type vlan id 7",
    { name: "up0.7", lower: 3, sublink: { kind: "vlan", id: 7 } },
  ],
  [
    "ip link add link up0 iv1 netns c1 type ipvlan mode l2",
    { name: "iv1", lower: 3, netnsFd: 4, sublink: { kind: "ipvlan", mode: "l2" } },
  ],
];

describe("links on other links", () => {
  test.each(made)("%s is sent as ip sends it", (command, wanted) => {
    expectGolden(createSublink(wanted), sublink(command), IFINFOMSG);
  });

  test.each(made)("%s is decoded from what is encoded", (_, wanted) => {
    const { type, flags, payload } = createSublink(wanted);
    const link = decodeLink({ type, flags, payload });
    expect(decodeSublink(link)).toEqual(wanted.sublink);
    expect(link).toMatchObject({ name: wanted.name, peerIndex: wanted.lower });
  });

  test("titles are the words of ip", () => {
    const titles = made.map(([, wanted]) => createSublink({ ...wanted, up: true }).title);
    expect(titles).toEqual([
      "link add link index 3 mv1 mtu 1400 address 02:00:00:00:00:05 up netns fd 4 type macvlan mode bridge",
      "link add link index 3 mv2 address 02:00:00:00:00:06 up type macvlan mode private",
      "link add link index 3 mv3 up type macvlan mode vepa",
      "link add link index 2 mv4 up type macvlan mode passthru",
      "link add link index 3 up0.7 up type vlan id 7",
      "link add link index 3 iv1 up netns fd 4 type ipvlan mode l2",
    ]);
  });

  test.each([
    ["ip -n c1 link show mv1", { name: "mv1", mtu: 1400, mac: inside.mac, peerIndex: 3 }, "bridge"],
    ["ip link show mv2", { name: "mv2", mtu: 1500, mac: beside.mac, up: true, peerIndex: 3 }, "private"],
    ["ip link show mv3", { name: "mv3", up: false, peerIndex: 3 }, "vepa"],
    ["ip link show mv4", { name: "mv4", mac: "02:00:00:00:00:02", peerIndex: 2 }, "passthru"],
  ] as const)("%s: the mode and what it hangs on, as the kernel tells them", (command, wanted, mode) => {
    const [reply] = sublink(command).replies;
    const link = decodeLink(reply ?? expect.fail("no reply"));
    expect(link).toMatchObject({ kind: "macvlan", ...wanted });
    const found = decodeSublink(link);
    expect(found).toEqual({ kind: "macvlan", mode });
    expect(found && sublinkTitle(found)).toBe(`macvlan mode ${mode}`);
  });

  test("a link whose lower one is in another namespace names that namespace", () => {
    const of = (command: string) => sublink(command).replies.map(decodeLink)[0]?.netnsId;
    expect(of("ip -n c1 link show mv1")).toBe(0);
    expect(of("ip link show mv2")).toBeUndefined();
  });

  test("a mode that is not known, and another kind of link, are no link of these", () => {
    const [reply] = sublink("ip link show mv2").replies;
    const link = decodeLink(reply ?? expect.fail("no reply"));
    const data = link.data.map((attr) =>
      attr.type === 1 ? { ...attr, bytes: new Uint8Array([16, 0, 0, 0]) } : attr,
    );
    expect(decodeSublink({ ...link, data })).toBeUndefined();
    expect(decodeSublink({ ...link, kind: "veth" })).toBeUndefined();
    expect(decodeSublink({ ...link, kind: "vlan", data: [] })).toBeUndefined();
  });
});
