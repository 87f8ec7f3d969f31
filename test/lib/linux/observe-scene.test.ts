import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { SceneHost } from "../../../lib/model/scene.ts";
import { noNamespace, runJson, titled } from "./own-namespace.ts";

describe.skipIf(noNamespace !== undefined)(titled("the host's own compartment"), () => {
  const host = noNamespace === undefined ? (runJson("scene-in-kernel.ts") as SceneHost) : undefined;
  const named = (name: string) => host?.interfaces.find((one) => one.name === name);

  test("has its interfaces with kind, MAC, MTU, addresses and the bridge they are ports of", () => {
    expect(named("port0")).toEqual({
      name: "port0",
      kind: "veth",
      mac: "02:00:00:00:00:01",
      mtu: 1400,
      up: true,
      addresses: [],
      master: "br0",
    });
    expect(named("up0")?.addresses).toEqual(["192.0.2.1/24", "2001:db8::1/64"]);
    expect(named("br0")?.kind).toBe("bridge");
    expect(named("lo")).not.toHaveProperty("kind");
  });

  test("has a route for each way of a multipath route, and those that lead nowhere", () => {
    const of = (destination: string) => host?.routes.filter((route) => route.destination === destination);
    expect(of("0.0.0.0/0")).toEqual([
      {
        destination: "0.0.0.0/0",
        type: "unicast",
        priority: 0,
        table: 254,
        gateway: "192.0.2.254",
        interface: "up0",
      },
      {
        destination: "0.0.0.0/0",
        type: "unicast",
        priority: 0,
        table: 254,
        gateway: "198.51.100.254",
        interface: "br0",
      },
    ]);
    expect(of("203.0.113.0/24")).toEqual([
      { destination: "203.0.113.0/24", type: "blackhole", priority: 7, table: 100 },
    ]);
  });

  test("has the routes by which it receives what is sent to it", () => {
    expect(host?.routes).toContainEqual({
      destination: "192.0.2.1/32",
      type: "local",
      priority: 0,
      table: 255,
      interface: "up0",
    });
  });

  test("has the neighbours whose MAC is known, and no others", () => {
    const known = { address: "192.0.2.9", mac: "02:00:00:00:00:09", interface: "up0" };
    expect(host?.neighbours).toEqual([{ ...known, permanent: true }]);
  });

  test("has tunnels with what they receive, and the rows of those that are ours", () => {
    const vxlan = { vni: 4097, udpPort: 4789, local: "192.0.2.1", df: "inherit" };
    expect(named("vsx-blue")).toMatchObject({ kind: "vxlan", master: "br0", vxlan });
    expect(named("other")?.vxlan).toMatchObject({ vni: 9, udpPort: 8472 });
    const mac = "0e:2a:0a:32:00:16";
    expect(host?.fdb).toEqual([
      { mac, interface: "vsx-blue", on: "master" },
      { mac, interface: "vsx-blue", on: "self", vtep: "192.0.2.2" },
    ]);
  });

  test("has what a route says of the host's own packets", () => {
    const route = host?.routes.find(({ destination }) => destination === "203.0.113.128/25");
    expect(route).toMatchObject({ source: "192.0.2.1", mtu: 1400 });
  });

  test("has the rules of other programs, not ours", () => {
    expect(host?.foreign).toMatchObject([
      {
        table: "ip docker",
        chain: "FORWARD",
        base: { hook: "forward", policy: "drop" },
        rules: [{ verdict: { kind: "accept" }, conditions: [{ kind: "in", interface: "up0" }] }],
      },
    ]);
  });

  test("says which families are forwarded", () => {
    expect(host?.forwarding).toEqual({ 4: true, 6: false });
    expect(host?.bridgeFilter).toEqual(existsSync("/proc/sys/net/bridge") ? [4] : []);
  });
});
