import { expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import {
  addNeighbour,
  decodeNeighbour,
  deleteNeighbour,
  dumpNeighbours,
  getNeighbour,
  replaceNeighbour,
  solicitNeighbour,
} from "../../../../lib/netlink/route/neighbour.ts";
import { decodeNsid, getNsid, newNsid } from "../../../../lib/netlink/route/nsid.ts";
import { expectGolden } from "../expect-golden.ts";
import { golden } from "../golden.ts";

const neighbour = golden("route/neighbour.txt");
const nsid = golden("route/nsid.txt");
const NDMSG = 12;
const entry = { index: 3, address: ip("10.1.2.9"), mac: mac("02:00:00:00:00:09") };

test.each([
  ["ip neigh add 10.1.2.9 lladdr 02:00:00:00:00:09 dev vp2", addNeighbour(entry)],
  ["ip neigh add proxy fd00::9 dev vp2", addNeighbour({ index: 3, address: ip("fd00::9") })],
  ["ip neigh show dev vp2", dumpNeighbours({ index: 3 })],
  ["ip neigh del 10.1.2.9 dev vp2", deleteNeighbour(3, ip("10.1.2.9"))],
  ["ip neigh replace 10.1.2.9 dev mv2 nud none use", solicitNeighbour(4, ip("10.1.2.9"))],
  ["ip neigh replace fd00::9 dev mv2 nud none use", solicitNeighbour(4, ip("fd00::9"))],
  ["ip neigh get 10.1.2.9 dev mv2", getNeighbour(4, ip("10.1.2.9"))],
  ["ip neigh get 10.1.2.8 dev mv2", getNeighbour(4, ip("10.1.2.8"))],
] as const)("%s is sent as ip sends it", (command, request) => {
  expectGolden(request, neighbour(command), NDMSG);
});

test("titles are the words of ip", () => {
  expect(replaceNeighbour(entry).title).toBe("neigh replace 10.1.2.9 lladdr 02:00:00:00:00:09 dev index 3");
  expect(deleteNeighbour(3, ip("fd00::9"), true).title).toBe("neigh del proxy fd00::9 dev index 3");
  expect(dumpNeighbours({ proxy: true, index: 3 }).title).toBe("neigh show proxy dev index 3");
  expect(solicitNeighbour(4, ip("10.1.2.9")).title).toBe("neigh replace 10.1.2.9 dev index 4 nud none use");
  expect(getNeighbour(4, ip("fd00::9")).title).toBe("neigh get fd00::9 dev index 4");
});

test("neighbours as the kernel tells of them", () => {
  const [first, second] = neighbour("ip neigh show dev vp2").replies.map(decodeNeighbour);
  expect(first).toMatchObject({ ...entry, state: "permanent", proxy: false });
  expect(second).toMatchObject({ address: "ff02::16", mac: "33:33:00:00:00:16", state: "noarp" });
});

test("one neighbour that was asked for: the entry that waits for an answer, and one that has it", () => {
  const one = (address: string) => {
    const { replies } = neighbour(`ip neigh get ${address} dev mv2`);
    expect(replies).toHaveLength(1);
    return replies.map(decodeNeighbour)[0];
  };
  expect(one("10.1.2.9")).toMatchObject({
    index: 4,
    address: "10.1.2.9",
    mac: undefined,
    state: "incomplete",
  });
  expect(one("10.1.2.7")).toMatchObject({ index: 4, mac: "02:00:00:00:00:07", state: "reachable" });
});

test("what is encoded is what is decoded", () => {
  for (const wanted of [entry, { index: 4, address: ip("fd00::9") }]) {
    const { type, flags, payload } = addNeighbour(wanted);
    const { mac, ...decoded } = decodeNeighbour({ type, flags, payload });
    expect(decoded).toMatchObject({
      index: wanted.index,
      address: wanted.address,
      proxy: !("mac" in wanted),
    });
    expect(mac).toBe("mac" in wanted ? entry.mac : undefined);
  }
});

test("a namespace gets a number as ip gives it", () => {
  expectGolden(newNsid(6, 7), nsid("ip netns set c2 7"), 4);
  expect(newNsid(6).title).toBe("netns set fd 6 auto");
});

test("numbers of namespaces are read, and -1 is none", () => {
  expect(nsid("ip netns list-id").replies.map(decodeNsid)).toEqual([7, 0, 0, 7]);
  const { type, flags, payload } = newNsid(6, -1);
  expect(decodeNsid({ type, flags, payload })).toBeUndefined();
  expect(getNsid(6).title).toBe("netns list-id fd 6");
});
