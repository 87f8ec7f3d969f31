import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { compareLive, formatLive, hasPassed } from "../../../../lib/model/live/compare.ts";
import type { LiveResult, LiveVerdict } from "../../../../lib/model/live/live.ts";
import type { Trace, Verdict } from "../../../../lib/model/path/trace.ts";
import type { IpPacket } from "../../../../lib/policy/packet.ts";
import { header } from "./fixture.ts";

const packet: IpPacket = {
  kind: "ip",
  sourceMac: mac("02:00:00:00:00:01"),
  destinationMac: mac("02:00:00:00:00:02"),
  ...header,
  protocol: 1,
};
const traced = (verdict: Verdict): Trace => ({
  packet,
  state: "new",
  stages: [],
  verdict,
  consulted: [],
  replies: [],
});
const seen = (verdict: LiveVerdict): LiveResult => ({
  sent: { ...header, protocol: "icmp" },
  tag: 1,
  stages: [],
  last: "somewhere",
  verdict,
  blind: [],
});
const compare = (verdict: Verdict, live: LiveVerdict) => compareLive(traced(verdict), seen(live));

const delivered: Verdict = { kind: "delivered", to: { kind: "endpoint", owner: "nat/b/eth0" }, packet };
const arrived: LiveVerdict = { kind: "arrived", endpoint: "nat/b/eth0", place: "vnic", header };
const blocked: Verdict = { kind: "dropped", stage: "port.acl.in", reason: "acl", by: "an ACL", remedy: "" };
const dropped: LiveVerdict = {
  kind: "dropped",
  stage: "port.acl.in",
  table: "bridge vswitch",
  chain: "block_in",
};
const vanished: LiveVerdict = {
  kind: "vanished",
  after: "port vp-a",
  stages: ["port.acl.in"],
  hint: "rules",
};

describe("model and kernel", () => {
  it("agree when the packet ends at the same place, as it is there", () => {
    expect(compare(delivered, arrived)).toEqual({ agree: true, differences: [] });
    const other = { ...arrived, header: { ...header, source: ip("192.0.2.1") } };
    expect(compare(delivered, other).differences).toEqual([
      "source at the end is 10.61.0.2 in the model, 192.0.2.1 in the kernel",
    ]);
    expect(compare(delivered, { ...arrived, endpoint: "nat/c/eth0" }).agree).toBe(false);
  });

  it("agree on a drop at the same layer, or where the kernel cannot tell the layer", () => {
    expect(compare(blocked, dropped).agree).toBe(true);
    expect(compare(blocked, vanished).agree).toBe(true);
    expect(compare({ ...blocked, stage: "host.route" } as Verdict, vanished).agree).toBe(false);
    expect(compare({ ...blocked, stage: "port.guard" } as Verdict, dropped).differences).toEqual([
      "the model drops it at port.guard, the kernel at port.acl.in: was dropped by table bridge vswitch, chain block_in: its policy",
    ]);
  });

  it("differ when one drops what the other lets pass", () => {
    expect(compare(delivered, dropped).agree).toBe(false);
    expect(compare(blocked, arrived).differences).toEqual([
      "the model drops it at port.acl.in, the kernel does not: arrived at nat/b/eth0",
    ]);
  });

  it("agree about what leaves by the same interface with the same source", () => {
    const leaves: Verdict = { kind: "leaves", interface: "eth0", source: header.source, packet };
    expect(compare(leaves, { kind: "left", interface: "eth0", header }).agree).toBe(true);
    expect(compare(leaves, { kind: "left", interface: "eth1", header }).agree).toBe(false);
  });

  it("agree on perhaps whether the rule dropped it or let it pass", () => {
    const perhaps: Verdict = { kind: "perhaps", rules: ["a rule"], remedy: "", otherwise: delivered };
    expect(compare(perhaps, arrived).agree).toBe(true);
    expect(compare(perhaps, { ...dropped, stage: "host.foreign.forward" }).agree).toBe(true);
    expect(compare(perhaps, dropped).agree).toBe(false);
  });

  it("cannot be compared where the model asks for more", () => {
    const asks: Verdict = { kind: "needs more input", stage: "host.arrival", what: "a port" };
    expect(compare(asks, arrived)).toEqual({ agree: undefined, differences: [] });
  });

  it("have words for each end in the kernel", () => {
    expect(formatLive({ kind: "left", interface: "eth0", header })).toBe(
      "left by eth0 with source 10.61.0.2",
    );
    expect(formatLive(vanished)).toBe("vanished after port vp-a: rules");
    expect(formatLive({ kind: "arrived at the host" })).toBe("arrived at the host");
  });

  it("tell that a stage was passed by what was seen farther on", () => {
    const live = { ...seen(arrived), stages: [{ ms: 1, place: "", what: "", stage: "host.route" as const }] };
    expect(hasPassed("port.guard", live)).toBe(true);
    expect(hasPassed("host.isolation", live)).toBe(false);
  });
});
