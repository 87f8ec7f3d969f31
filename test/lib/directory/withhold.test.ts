import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { isDoubtful, withheld } from "../../../lib/directory/withhold.ts";
import type { Peer } from "../../../lib/model/peer.ts";
import { vtepMac } from "../../../lib/model/vtep.ts";

const peer = (n: number, over: Partial<Peer> = {}): Peer => {
  const vtep = ip(`192.0.2.${n}`);
  const subnets = [prefix(`10.40.${n}.0/24`)];
  return { node: `n${n}`, vtep, mac: vtepMac(vtep), subnets, endpoints: [], ...over };
};
const peers = (...numbers: readonly number[]) => numbers.map((n) => peer(n));
const names = (all: readonly Peer[]) => all.map(({ node }) => node).join(" ");

describe("the first listing of an agent", () => {
  it.each([
    ["lacks nobody", [1, 2, 3], [1, 2, 3, 4], false, false],
    ["lacks less than half", [1, 2, 3], [1, 2], false, false],
    ["lacks more than half", [1, 2, 3], [1], false, true],
    ["lacks one, and holds what cannot be read", [1, 2, 3], [1, 2], true, true],
    ["lacks nobody, and holds what cannot be read", [1, 2], [1, 2], true, false],
    ["is the first of all", [], [], false, false],
  ])("that %s", (_, known, listed, garbage, doubtful) => {
    expect(isDoubtful(peers(...known), peers(...listed), { garbage })).toBe(doubtful);
  });

  it("takes nobody away before another agrees", () => {
    expect(names(withheld(peers(1, 2, 3), peers(3, 4)))).toBe("n1 n2 n3 n4");
  });

  it("counts more than what was known where the two contradict", () => {
    const known = [
      peer(1),
      peer(2),
      peer(3),
      peer(4, { subnets: [prefix("10.40.4.0/24"), prefix("10.40.9.0/26")] }),
    ];
    const listed = [
      peer(9, { subnets: [prefix("10.40.9.0/24")] }),
      peer(8, { vtep: ip("192.0.2.1") }),
      peer(7, { mac: vtepMac(ip("192.0.2.2")) }),
    ];
    const all = withheld(known, listed);
    expect(names(all)).toBe("n3 n4 n7 n8 n9");
    expect(all.find(({ node }) => node === "n4")?.subnets).toEqual(["10.40.4.0/24"]);
  });

  it("leaves no container at two places", () => {
    const one = { addresses: [ip("10.50.0.1")], mac: vtepMac(ip("10.50.0.1")) };
    const two = { addresses: [ip("10.50.0.2")], mac: vtepMac(ip("10.50.0.2")) };
    const all = withheld([peer(1, { endpoints: [one, two] })], [peer(2, { endpoints: [one] })]);
    expect(all.map(({ endpoints }) => endpoints)).toEqual([[two], [one]]);
  });
});
