import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { concludeLive, isSettled } from "../../../../lib/model/live/conclude.ts";
import type { LiveEvent } from "../../../../lib/model/live/event.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import { a, b, context, header, outer, signs, tunnels } from "./fixture.ts";

const conclude = (...events: readonly LiveEvent[]) => concludeLive(events, context);
const bridged = [
  signs.sent,
  signs.atPort,
  signs.hook("bridge", "prerouting", "first"),
  signs.hook("bridge", "prerouting", "last"),
  signs.hook("bridge", "forward", "first"),
  signs.hook("bridge", "postrouting", "last"),
];

describe("signs of a live probe", () => {
  it("at the receiver's vNIC mean that it arrived", () => {
    expect(conclude(...bridged, signs.toPort, signs.received)).toMatchObject({
      verdict: { kind: "arrived", endpoint: "nat/b/eth0", place: "vnic", header },
      last: "eth0 of nat/b/eth0",
    });
  });

  it("at a port whose compartment nobody watches mean that it was given there", () => {
    const request = { ...context.request, receivers: [] };
    const { verdict } = concludeLive([...bridged, signs.toPort], { ...context, request });
    expect(verdict).toMatchObject({ kind: "arrived", endpoint: "nat/b/eth0", place: "port" });
  });

  it("at an interface that is no port of ours mean that it left, as it was there", () => {
    const seen = { ...header, source: ip("192.0.2.1") };
    expect(conclude(signs.sent, signs.atPort, signs.toUplink(seen)).verdict).toEqual({
      kind: "left",
      interface: "eth0",
      header: seen,
    });
  });

  it("behind all rules of the host's input mean that it arrived there", () => {
    const last = signs.hook("host", "input", "last");
    expect(conclude(signs.sent, signs.atPort, last).verdict).toEqual({ kind: "arrived at the host" });
  });

  it("of a rule that drops name it, whatever was seen before", () => {
    const jump = signs.rule("host", "forward", ["ip filter", "FORWARD"], "jump MINE", "jump MINE");
    const drop = signs.rule("host", "forward", ["ip filter", "MINE"], "drop", "tcp dport 80 drop");
    expect(conclude(signs.sent, signs.atPort, jump, drop).verdict).toEqual({
      kind: "dropped",
      stage: "host.foreign.forward",
      table: "ip filter",
      chain: "MINE",
      rule: "tcp dport 80 drop",
    });
    const policy = signs.rule("host", "forward", ["ip filter", "FORWARD"], "drop");
    expect(conclude(policy).verdict).not.toHaveProperty("rule");
  });

  it("of our own rules name the layer of the port or host", () => {
    const stage = (
      layer: "bridge" | "host",
      hook: "prerouting" | "forward" | "postrouting",
      chain: string,
    ) => {
      const table = layer === "bridge" ? "bridge vswitch" : "inet vswitch";
      return conclude(signs.rule(layer, hook, [table, chain], "drop", "drop")).verdict;
    };
    expect(stage("bridge", "prerouting", "guard_spoofed")).toMatchObject({ stage: "port.guard" });
    expect(stage("bridge", "prerouting", "block_out")).toMatchObject({ stage: "port.acl.out" });
    expect(stage("bridge", "postrouting", "block_in")).toMatchObject({ stage: "port.acl.in" });
    expect(stage("host", "forward", "refuse")).toMatchObject({ stage: "host.isolation" });
    const foreign = signs.rule("bridge", "forward", ["bridge filter", "FORWARD"], "drop");
    expect(conclude(foreign).verdict).toMatchObject({ stage: "switch.foreign.forward" });
  });

  it("are told in the order of the path, rules at the time of the frame before", () => {
    const { stages } = conclude(...bridged.toReversed(), signs.received, signs.toPort);
    expect(stages.map(({ ms, stage }) => [ms, stage])).toEqual([
      [0.1, "vnic.neighbour"],
      [0.2, "port.out"],
      [0.2, "switch.foreign.prerouting"],
      [0.2, "switch.forward"],
      [0.2, "port.acl.in"],
      [0.8, "port.qos.in"],
      [0.9, "vnic"],
    ]);
  });

  it("leave out the host's hooks where a bridged packet passes them too", () => {
    const hooks = [signs.hook("host", "forward", "first"), signs.hook("host", "forward", "last")];
    const { stages } = conclude(...bridged, ...hooks, signs.received);
    expect(stages.map(({ stage }) => stage)).not.toContain("host.isolation");
  });

  it("that are missing from some place on name the last one, and what comes next", () => {
    const vanished = (...events: readonly LiveEvent[]) => conclude(...events).verdict;
    expect(vanished()).toMatchObject({ after: "nowhere", stages: ["vnic.route", "vnic.neighbour"] });
    expect(vanished({ kind: "unsent", ms: 0, errno: "ENETUNREACH" })).toMatchObject({
      stages: ["vnic.route"],
      hint: "the compartment has no route for it (ENETUNREACH)",
    });
    expect(vanished(signs.sent)).toMatchObject({ after: "eth0 of nat/a/eth0", stages: ["port.out"] });
    expect(vanished(...bridged.slice(0, 4))).toMatchObject({ stages: ["switch.forward"] });
    expect(vanished(...bridged)).toMatchObject({ stages: ["port.qos.in", "port.in"] });
    expect(vanished(...bridged, signs.toPort)).toMatchObject({ after: "port vp-b", stages: ["vnic"] });
    const last = signs.hook("host", "prerouting", "last");
    expect(vanished(signs.sent, signs.atPort, signs.atSwitch, last)).toMatchObject({
      after: "host, hook prerouting",
      stages: expect.arrayContaining(["host.route", "host.ttl"]),
    });
  });

  it("ask whether a virtual machine runs whose address nobody answers for", () => {
    const tap = { attach: "switch", name: "vm-tap", multiQueue: false, vnetHeader: true } as const;
    const guest: Plan = { ...b, vnic: { ...b.vnic, type: "vmNic", tap, dns: {} } };
    const request = { ...context.request, receivers: [], endpoints: [a, guest] };
    const { verdict } = concludeLive([signs.asks("sender", "10.61.0.3")], { ...context, request });
    expect(verdict).toMatchObject({
      hint: "nobody answers who has 10.61.0.3: it is a guest's (nat/b/eth0), does its virtual machine run?",
    });
  });

  it("name the neighbour that does not answer, and only one that was asked for it", () => {
    const asked = signs.asks("sender", "10.61.0.3");
    expect(conclude(asked).verdict).toMatchObject({
      stages: ["vnic.neighbour"],
      hint: "nobody answers who has 10.61.0.3",
    });
    expect(conclude(asked, signs.asks("sender", "10.61.0.3", false)).verdict).not.toMatchObject({
      stages: ["vnic.neighbour"],
    });
    expect(conclude(signs.asks("sender", "10.61.0.77")).stages).toEqual([]);
    const routed = [signs.sent, signs.atPort, signs.hook("host", "postrouting", "last")];
    expect(conclude(...routed, signs.asks("host", "192.0.2.2")).verdict).toMatchObject({
      stages: ["host.neighbour"],
      hint: "nobody answers who has 192.0.2.2",
    });
    expect(conclude(...routed, signs.asks("host", "192.0.2.99")).stages.at(-1)?.what).toBe(
      "passed all rules",
    );
  });

  it("tell what somebody answered instead", () => {
    const { verdict, stages } = conclude(signs.sent, signs.atPort, signs.error("10.61.0.1", 3, 13));
    expect(verdict).toMatchObject({
      kind: "vanished",
      hint: expect.stringContaining("10.61.0.1 answered ICMP administratively prohibited"),
    });
    expect(stages.at(-1)?.what).toBe("10.61.0.1 answered ICMP administratively prohibited");
  });

  it("settle it when nothing can follow that changes the verdict", () => {
    expect(isSettled(bridged, context.request)).toBe(false);
    expect(isSettled([...bridged, signs.received], context.request)).toBe(true);
    // It waits inside for what the port was given.
    expect(isSettled([...bridged, signs.toPort], context.request)).toBe(false);
  });

  it("at the sender's own vNIC mean that it came back to itself", () => {
    const back: LiveEvent = { ...signs.received, space: { kind: "sender" } } as LiveEvent;
    expect(conclude(...bridged, back).verdict).toMatchObject({ kind: "arrived", endpoint: "nat/a/eth0" });
    expect([a.key, b.key]).toHaveLength(2);
  });
});

describe("signs of a probe to another host", () => {
  const request = { ...context.request, tunnels };
  const verdictOf = (...events: readonly LiveEvent[]) => concludeLive(events, { ...context, request });
  const routed = [signs.sent, signs.atPort, signs.hook("host", "postrouting", "last")];

  it("on the underlay mean that it left, within what", () => {
    const hooks = [signs.hook("underlay", "output", "first"), signs.hook("underlay", "postrouting", "last")];
    const { verdict, stages } = verdictOf(
      ...routed,
      ...hooks.toReversed(),
      signs.onUnderlay("out"),
      signs.atTunnel("out"),
    );
    expect(verdict).toEqual({ kind: "left", interface: "eth0", header: { ...header, tunnel: outer } });
    expect(stages.slice(-4).map(({ stage, place }) => [stage, place])).toEqual([
      ["tunnel.out", "tunnel vsx-nat"],
      ["tunnel.encap", "outer packet, hook output"],
      ["underlay.foreign.postrouting", "outer packet, hook postrouting"],
      ["underlay.neighbour", "interface eth0"],
    ]);
  });

  it("that end at the tunnel or on the underlay name that place, and what comes next", () => {
    expect(verdictOf(...routed, signs.atTunnel("out"))).toMatchObject({
      last: "tunnel vsx-nat",
      verdict: { kind: "vanished", stages: ["tunnel.vtep", "underlay.route", "tunnel.encap"] },
    });
    const last = signs.hook("underlay", "postrouting", "last");
    const asked = signs.asks("host", outer.destination);
    expect(verdictOf(...routed, signs.atTunnel("out"), last, asked).verdict).toMatchObject({
      stages: ["underlay.neighbour"],
      hint: "nobody answers who has 192.0.2.2",
    });
  });

  it("at the last hook of a switch do not say that it met the ACLs of a port", () => {
    const bridge = (hook: "forward" | "postrouting") => signs.hook("bridge", hook, "last");
    const stagesOf = (...then: readonly LiveEvent[]) =>
      verdictOf(signs.sent, signs.atPort, bridge("forward"), bridge("postrouting"), ...then).stages.map(
        ({ stage }) => stage,
      );
    expect(stagesOf(signs.atTunnel("out")).slice(-2)).toEqual(["switch.foreign.postrouting", "tunnel.out"]);
    expect(stagesOf(signs.toPort).slice(-2)).toEqual(["port.acl.in", "port.qos.in"]);
  });

  it("of a rule that drops what carries it name a layer of the underlay", () => {
    const stageOf = (hook: "output" | "prerouting", table: string, chain: string) =>
      verdictOf(signs.rule("underlay", hook, [table, chain], "drop", "drop")).verdict;
    expect(stageOf("output", "inet fw", "out")).toMatchObject({ stage: "underlay.foreign.output" });
    expect(stageOf("prerouting", "inet vswitch", "tunnel_refuse")).toMatchObject({ stage: "tunnel.source" });
    const behind = signs.rule("host", "prerouting", ["inet vswitch", "tunnel_source"], "drop", "drop");
    expect(verdictOf(behind).verdict).toMatchObject({ stage: "tunnel.behind" });
  });
});

describe("signs of a probe from another host", () => {
  const { from: _, ...scope } = context.request;
  const seen = (...events: readonly LiveEvent[]) =>
    concludeLive(events, { ...context, request: { ...scope, tunnels } });
  const arriving = [
    signs.onUnderlay("in"),
    signs.hook("underlay", "prerouting", "last"),
    signs.hook("underlay", "input", "last"),
  ];

  it("are told from the underlay to the container", () => {
    const { verdict, stages } = seen(...arriving, signs.atTunnel("in"), signs.toPort, signs.received);
    expect(verdict).toMatchObject({ kind: "arrived", endpoint: "nat/b/eth0" });
    expect(stages.map(({ stage }) => stage)).toEqual([
      ...["underlay.arrival", "underlay.foreign.prerouting", "underlay.foreign.input", "tunnel.in"],
      ...["port.qos.in", "vnic"],
    ]);
  });

  it("that end before the tunnel say that none took it; where there are none, that nothing came", () => {
    expect(seen(...arriving).verdict).toMatchObject({ kind: "vanished", stages: ["tunnel.in"] });
    expect(seen().verdict).toMatchObject({
      after: "nowhere",
      hint: expect.stringContaining("nothing of it"),
    });
  });
});
