import { describe, expect, it, test } from "vitest";
import { mac } from "../../../lib/addr/mac.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { ownerKey } from "../../../lib/model/owner.ts";
import { portName } from "../../../lib/model/plan.ts";
import { planVnic } from "../../../lib/planning/vnic.ts";
import type { VnicConfig } from "../../../lib/planning/vnic-keys.ts";

const owner = { network: "net", containerId: "c1", ifname: "eth0" };
const port = portName(ownerKey(owner));
const dns = { nameservers: ["192.0.2.53"] };
const common = {
  mac: mac("02:00:00:00:00:01"),
  mtu: 1400,
  addresses: [prefix("10.88.0.5/16")],
  routes: [{ destination: prefix("0.0.0.0/0") }],
};
const plain: VnicConfig = { type: "vmNic", attach: "compartment", multiQueue: false, vnetHeader: true };
const plan = (config: Partial<VnicConfig> = {}) => planVnic({ ...plain, ...config }, { owner, dns }, common);

describe("the vNIC of a plan", () => {
  it("of a process has no tap, and no name servers that a guest would need", () => {
    const all = { tapName: "tap0", owner: 5, group: 6, attach: "switch" } as const;
    expect(plan({ ...all, type: "hostVnic" })).toEqual({ type: "hostVnic", name: "eth0", ...common });
  });

  it("of a guest has what the guest shall have, and the tap", () => {
    expect(plan()).toEqual({
      type: "vmNic",
      name: "eth0",
      ...common,
      dns,
      tap: { attach: "compartment", name: "eth0", multiQueue: false, vnetHeader: true },
    });
  });

  test.each<[string, Partial<VnicConfig>, string]>([
    ["CNI_IFNAME in the compartment", {}, "eth0"],
    ["the port's name on the switch", { attach: "switch" }, port],
    ["its own name in the compartment", { tapName: "tap0" }, "tap0"],
    ["its own name on the switch", { tapName: "tap0", attach: "switch" }, "tap0"],
    ["a name that begins as ours do and is none", { tapName: "vm-7" }, "vm-7"],
  ])("has a tap with %s", (_, config, name) => {
    expect(plan(config)).toMatchObject({ tap: { name, attach: config.attach ?? "compartment" } });
  });

  it("has a tap with owner, group, queues and header as asked for", () => {
    const asked = { owner: 0, group: 36, multiQueue: true, vnetHeader: false };
    expect(plan(asked)).toMatchObject({ tap: asked });
    expect(plan({ group: 36 })).not.toHaveProperty("tap.owner");
    expect(plan({ owner: 36 })).not.toHaveProperty("tap.group");
  });

  test.each([
    "lo",
    "vj-",
    "vj-26026bd18b7c",
    "vt-26026bd18b7c",
    "vp-26026bd18b7c",
    "vq-1",
    "vsw-net",
    "vsh-x",
    "vsv-1",
  ])("has no tap with the name %s, which is taken", (tapName) => {
    for (const attach of ["compartment", "switch"] as const)
      expect(() => plan({ tapName, attach })).toThrow(
        expect.objectContaining({
          code: 2,
          reason: "tap-name",
          message: `tapName ${tapName} is not supported: that name is taken`,
        }),
      );
  });
});
