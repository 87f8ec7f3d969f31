import { describe, expect, it } from "vitest";
import { cloudOf, doubtUplink, type UplinkNature } from "../../../lib/model/uplink-nature.ts";

const hardware: UplinkNature = { name: "eth0", ethernet: true, wireless: false };
const reasons = (nature: Partial<UplinkNature>) =>
  doubtUplink({ ...hardware, ...nature }).map(({ reason, guess }) => `${reason}${guess ? "?" : ""}`);

describe("what an uplink is", () => {
  it.each<[string, Partial<UplinkNature>, readonly string[]]>([
    ["hardware", {}, []],
    ["a bond", { kind: "bond" }, []],
    ["a VLAN", { kind: "vlan" }, []],
    ["a tap", { kind: "tun" }, []],
    ["a tunnel without Ethernet", { kind: "wireguard", ethernet: false }, ["uplink-not-ethernet"]],
    ["a macvlan", { kind: "macvlan" }, ["uplink-kind"]],
    ["an ipvlan", { kind: "ipvlan" }, ["uplink-kind"]],
    ["a bridge", { kind: "bridge" }, ["uplink-is-bridge"]],
    ["a port of something", { master: "bond0" }, ["uplink-in-use"]],
    ["wireless", { wireless: true }, ["uplink-wireless?"]],
    ["a cloud's", { cloud: "Amazon EC2" }, ["uplink-cloud?"]],
    [
      "a port, wireless and a cloud's",
      { master: "br0", wireless: true, cloud: "Hetzner Cloud" },
      ["uplink-in-use", "uplink-wireless?", "uplink-cloud?"],
    ],
  ])("speaks for or against MACs behind it: %s", (_, nature, expected) => {
    expect(reasons(nature)).toEqual(expected);
  });

  it("comes with what to do about it", () => {
    for (const { remedy } of doubtUplink({
      ...hardware,
      kind: "bridge",
      master: "x",
      wireless: true,
      cloud: "x",
    }))
      expect(remedy).not.toBe("");
  });
});

describe("a machine's firmware", () => {
  it.each([
    [{ vendor: "Amazon EC2" }, "Amazon EC2"],
    [{ vendor: "Xen", bios: "Amazon EC2" }, "Amazon EC2"],
    [{ product: "Google Compute Engine" }, "Google Compute Engine"],
    [{ vendor: "Microsoft Corporation", chassisTag: "7783-7084-3265-9085-8269-3286-77" }, "Microsoft Azure"],
    [{ vendor: "DigitalOcean" }, "DigitalOcean"],
    [{ vendor: "Hetzner" }, "Hetzner Cloud"],
    [{ vendor: "Alibaba Cloud" }, "Alibaba Cloud"],
    [{ vendor: "QEMU", chassisTag: "OracleCloud.com" }, "Oracle Cloud"],
    // A server that Oracle made, wherever it stands.
    [{ vendor: "Oracle Corporation" }, undefined],
    // Anybody's: whoever runs it decides what passes.
    [{ vendor: "Microsoft Corporation", product: "Virtual Machine" }, undefined],
    [{ vendor: "QEMU", product: "Standard PC" }, undefined],
    [{ vendor: "OpenStack Foundation", product: "OpenStack Nova" }, undefined],
    [{}, undefined],
  ])("names the cloud where MACs are dropped: %j", (firmware, cloud) => {
    expect(cloudOf(firmware)).toBe(cloud);
  });
});
