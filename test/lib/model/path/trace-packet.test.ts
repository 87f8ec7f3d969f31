import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { tracePacket } from "../../../../lib/model/path/trace-packet.ts";
import { IPPROTO } from "../../../../lib/policy/packet.ts";
import { route } from "./scene.ts";
import { acl, bears, published, type Story, tell, usual } from "./story.ts";

const { scene, endpoints } = usual();
const verdictOf = (story: Story) => tell(story).trace.verdict;

describe("a trace", () => {
  test("of an endpoint that the scene does not have is refused", () => {
    expect(() =>
      tracePacket(
        scene,
        { kind: "endpoint", key: "none" },
        { kind: "ip", destination: ip("10.1.0.2"), protocol: 1 },
      ),
    ).toThrow(/no endpoint of the scene/);
  });

  test("tells the packet as it set out, with what the sender's kernel filled in", () => {
    const { packet } = tell({ from: "web", to: "tcp 10.1.0.3 80" }).trace;
    expect(packet).toMatchObject({
      source: "10.1.0.2",
      sourceMac: endpoints.web.vnic.mac,
      destinationMac: endpoints.db.vnic.mac,
    });
  });

  test("takes a frame of a raw socket as it is, past the routes of its sender", () => {
    const { stages } = tell({
      from: "web",
      to: "203.0.113.1",
      packet: { destinationMac: endpoints.db.vnic.mac },
      web: { vnic: { routes: [] } },
    }).trace;
    expect(stages[0]?.id).toBe("port.guard");
  });

  test("tells who wrote what was found", () => {
    const { stages } = tell({
      from: "far",
      to: "tcp 192.0.2.10 8080",
      web: bears(published("10.1.0.2")),
    }).trace;
    const writers = Object.fromEntries(stages.map(({ id, writer }) => [id, writer]));
    expect(writers).toMatchObject({
      "port.guard": { kind: "endpoint", owner: "other/far/eth0" },
      "switch.forward": { kind: "network", network: "other" },
      "host.nat.prerouting": { kind: "endpoint", owner: "nat/web/eth0" },
      "host.route": { kind: "kernel" },
      "host.isolation": { kind: "network", network: "nat" },
      "host.nat.postrouting": { kind: "network", network: "other" },
    });
  });

  test("shows the packet after each stage that changed it", () => {
    const { stages } = tell({
      from: "db",
      to: "tcp 192.0.2.10 8080",
      web: bears(published("10.1.0.2")),
    }).trace;
    const changed = stages.filter(({ packet }) => packet !== undefined);
    expect(changed.map(({ id, decision }) => [id, decision])).toEqual([
      ["host.nat.prerouting", "rewrite"],
      ["host.nat.postrouting", "rewrite"],
    ]);
    expect(changed[1]?.packet).toMatchObject({
      source: "10.1.0.1",
      destination: "10.1.0.2",
      destinationPort: 80,
    });
  });

  test("does not say that nobody takes what somebody may take: an ACL asks what the probe leaves open", () => {
    const mdns = acl({ protocols: [IPPROTO.udp], localPorts: [{ first: 5353, last: 5353 }] });
    const drop = { type: "filter", hook: "input", priority: 0, policy: "drop" } as const;
    const story: Story = {
      from: "web",
      to: "udp 224.0.0.251",
      db: { ...bears(mdns), aclDefault: { In: "Block", Out: "Allow" } },
      host: { foreign: [{ table: "inet fw", chain: "in", base: drop, rules: [] }] },
    };
    expect(verdictOf(story)).toMatchObject({ kind: "needs more input", stage: "port.acl.in" });
  });

  test("names no limit that is so high that there is none", () => {
    const qos = (bytesPerSecond: number): Story => ({
      from: "web",
      to: "10.1.0.3",
      web: bears({ kind: "QOS", out: { bytesPerSecond } }),
    });
    const limits = (story: Story) =>
      tell(story).trace.stages.filter(({ id }) => id === "port.qos.out").length;
    expect([limits(qos(1e6)), limits(qos(2 ** 53))]).toEqual([1, 0]);
  });

  test("gives the packet as the receiver gets it", () => {
    expect(
      verdictOf({ from: "outside", to: "tcp 192.0.2.10 8080", web: bears(published("10.1.0.2")) }),
    ).toMatchObject({
      kind: "delivered",
      to: { kind: "endpoint", owner: "nat/web/eth0" },
      packet: {
        source: "198.51.100.7",
        destination: "10.1.0.2",
        destinationPort: 80,
        destinationMac: endpoints.web.vnic.mac,
      },
    });
  });

  test("names the source that is seen beyond the host, and the neighbour it is given to", () => {
    expect(verdictOf({ from: "web", to: "198.51.100.9" })).toMatchObject({
      kind: "leaves",
      interface: "eth0",
      source: "192.0.2.10",
      packet: { destinationMac: mac("02:00:00:00:00:02") },
    });
  });

  test("says that answers are lost where the receiver has no route to the sender", () => {
    const { replies } = tell({
      from: "outside",
      to: "tcp 10.1.0.2 80",
      web: { vnic: { routes: [] } },
    }).trace;
    expect(replies.join(" ")).toContain("no route to 198.51.100.7");
  });

  test("is the same of a scene that went through JSON", () => {
    const probe = {
      kind: "ip",
      destination: ip("198.51.100.9"),
      protocol: IPPROTO.udp,
      destinationPort: 53,
    } as const;
    const start = { kind: "endpoint", key: endpoints.web.key } as const;
    expect(tracePacket(JSON.parse(JSON.stringify(scene)), start, probe)).toEqual(
      tracePacket(scene, start, probe),
    );
  });

  test("takes the local table before the main one, and goes on after a throw", () => {
    const routes = [
      ...scene.host.routes,
      route("198.51.100.9/32", { type: "local", table: 255, interface: "lo" }),
      route("203.0.113.0/24", { type: "throw" }),
      route("203.0.113.0/24", { table: 253, interface: "eth0" }),
      // Of a table that only rules lead to.
      route("192.0.2.77/32", { table: 100, type: "blackhole" }),
    ];
    expect(verdictOf({ from: "web", to: "198.51.100.9", host: { routes } })).toMatchObject({
      kind: "delivered",
      to: { kind: "host" },
    });
    for (const to of ["203.0.113.9", "192.0.2.77"])
      expect(verdictOf({ from: "web", to, host: { routes } })).toMatchObject({ kind: "leaves" });
  });
});
