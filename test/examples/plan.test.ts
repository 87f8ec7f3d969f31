import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseRuntimeConfig } from "../../lib/cni/capability.ts";
import type { JsonObject } from "../../lib/cni/read.ts";
import { planHosted } from "../../lib/hosted/plan.ts";
import { formatPolicy } from "../../lib/policy/format-policy.ts";
import { parseNatConfig } from "../../plugins/nat/config.ts";
import { natSwitch } from "../../plugins/nat/network.ts";
import { host, ipamResult } from "../plugins/nat/fixture.ts";
import { capabilityArgs } from "./capability-args.ts";
import { toList } from "./chain.ts";

const folder = join(import.meta.dirname, "../../conf-examples");

/** The plan of a container with both families on an example's nat network. */
function planOf(file: string) {
  const list = toList(JSON.parse(readFileSync(join(folder, file), "utf8")));
  const nat = list.plugins.find(({ type }) => type === "nat");
  if (nat === undefined) return undefined;
  const asked = Object.entries(capabilityArgs).filter(([name]) => nat.capabilities?.[name]);
  const runtime = parseRuntimeConfig(Object.fromEntries(asked), list.name);
  const config = parseNatConfig(nat as unknown as JsonObject, { ...runtime, network: list.name });
  const owner = { network: list.name, containerId: "c1", ifname: "eth0" };
  return planHosted({
    owner,
    path: "/run/netns/c1",
    config,
    switch: natSwitch(list.name, config, host),
    ipam: ipamResult(["10.88.0.5/16", "fd00:88::5/64"]),
    defaultRoutes: [],
    dns: {},
  });
}

const policiesOf = (file: string) =>
  planOf(file)
    ?.port.policies.filter(({ kind }) => kind !== "Guard" && kind !== "PortMapping")
    .map(formatPolicy);

describe("a configuration of conf-examples", () => {
  it.each(readdirSync(folder).filter((name) => /\.conf(list)?$/.test(name)))(
    "is read and planned: %s",
    (file) => {
      const plan = planOf(file);
      if (plan !== undefined) expect(plan.port.policies[0]?.kind).toBe("Guard");
      else expect(file).toMatch(/^(bridge-with-our-ipam|transparent|vm-transparent)/);
    },
  );

  it("shows what it is called after", () => {
    expect(planOf("nat-guard.conflist")?.port.policies[0]).toMatchObject({
      allow: ["dhcp-server", "router"],
      addresses: expect.arrayContaining(["10.94.0.250", "fd94::250"]),
    });
    expect(planOf("nat-acl.conflist")?.port.aclDefault).toEqual({ In: "Block", Out: "Allow" });
    expect(policiesOf("nat-acl.conflist")).toEqual([
      "ACL 100 Block Out to 169.254.169.254/32,fd00:ec2::254/128 (the cloud's metadata)",
      "ACL 200 Allow In protocol 6 local port 80,443,8000-8010 (the website)",
      "ACL 300 Allow In protocol 1,58",
    ]);
    expect(policiesOf("nat-qos.conflist")).toEqual(["QOS out 10000000 bytes/s in 10000000 bytes/s"]);
    expect(planOf("nat-isolated.conflist")?.switch).toMatchObject({
      isolated: true,
      reachable: ["web", "metered"],
    });
    expect(policiesOf("nat-outbound-nat.conflist")).toEqual([
      "OutBoundNAT 10.88.0.5 only to 198.51.100.0/24 except to 10.0.0.0/8 as 203.0.113.7",
      "OutBoundNAT 10.88.0.5 fd00:88::5 except to 10.0.0.0/8",
    ]);
    const { switch: vswitch, vnic } = planOf("nat-mtu.conflist") ?? {};
    expect([vswitch?.mtu, vnic?.mtu]).toEqual([1500, 1380]);
    expect(planOf("vm-firecracker.conflist")?.vnic).toMatchObject({
      type: "vmNic",
      tap: { attach: "compartment", name: "tap0", owner: 1000, group: 1000, vnetHeader: true },
    });
    expect(planOf("vm-on-host.conflist")?.port.name).toMatch(/^vp-/);
    expect(planOf("vm-kata.conflist")?.vnic.type).toBe("hostVnic");
    expect(policiesOf("nat-policies-by-annotation.conflist")).toEqual([
      "ACL 65636 Allow In protocol 6,17,132 local port 80",
      "ACL 65736 Allow Out",
      "QOS out 10000000 bytes/s in 10000000 bytes/s",
    ]);
  });
});
