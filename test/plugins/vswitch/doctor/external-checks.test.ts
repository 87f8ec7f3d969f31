import { describe, expect, test } from "vitest";
import type { Feature } from "../../../../lib/model/probe.ts";
import type { Scene, SceneInterface } from "../../../../lib/model/scene.ts";
import { externalUplink } from "../../../../plugins/vswitch/doctor/checks/external-uplink.ts";
import { kernelFeatures } from "../../../../plugins/vswitch/doctor/checks/kernel-features.ts";
import { layout } from "../../../../plugins/vswitch/doctor/checks/layout.ts";
import { subnets } from "../../../../plugins/vswitch/doctor/checks/subnets.ts";
import { lan, vnicOnLan } from "../../../lib/model/path/scene.ts";
import { network, scene } from "../graph/scenes.ts";
import { findings, nat, web } from "./patients.ts";

const home = lan("home");
const guests = lan("guests", { mode: "private" });
const tv = vnicOnLan(home, "tv", ["192.0.2.100/24"]);

/** With an uplink that is otherwise. */
function with0(over: Partial<SceneInterface> | undefined, networks = [home, guests], plans = [tv]): Scene {
  const base = scene(networks, plans);
  const interfaces = base.host.interfaces.flatMap((link) =>
    link.name !== "eth0" ? [link] : over === undefined ? [] : [{ ...link, ...over }],
  );
  return { ...base, host: { ...base.host, interfaces } };
}

const onKernel = (vendor: string, product = "") => ({
  "/sys/class/dmi/id/sys_vendor": `${vendor}\n`,
  "/sys/class/dmi/id/product_name": `${product}\n`,
  "/proc/cpuinfo": "flags\t\t: fpu hypervisor lahf_lm\n",
});

describe("the uplink of transparent networks", () => {
  test("is well where it is up and as wide as planned", async () => {
    expect(await findings(externalUplink, { scene: with0({}) })).toEqual([]);
    expect(await findings(externalUplink)).toEqual([]);
  });

  test.each<[string, Partial<SceneInterface> | undefined, readonly string[]]>([
    [
      "is gone",
      undefined,
      [
        "error: the uplink eth0 of home, guests is gone",
        "  no interface of the host has the name",
        "  the vNICs on it went with it",
      ],
    ],
    [
      "is down",
      { up: false },
      ["error: the uplink eth0 of home, guests is down", "  $ ip link set dev eth0 up"],
    ],
    [
      "has no carrier",
      { carrier: false },
      [
        "error: the uplink eth0 of home, guests has no carrier",
        "  it is on, and nothing answers at the other end of its cable",
      ],
    ],
    [
      "is narrower than it was",
      { mtu: 1400 },
      [
        "warning: the uplink eth0 carries packets of 1400 bytes, home, guests was made for 1500",
        "  MTU of eth0 is 1400",
        "  $ ip link set dev eth0 mtu 1500",
      ],
    ],
  ])("is told once for all when it %s", async (_, over, expected) => {
    expect(await findings(externalUplink, { scene: with0(over) })).toEqual(expected);
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      "a machine of a cloud",
      onKernel("Amazon EC2", "m5.large"),
      "warning: what eth0 leads to drops frames with the MACs of containers (home, guests)",
    ],
    [
      "a machine of Azure",
      {
        ...onKernel("Microsoft Corporation", "Virtual Machine"),
        "/sys/class/dmi/id/chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77\n",
      },
      "warning: what eth0 leads to drops frames with the MACs of containers (home, guests)",
    ],
    [
      "a machine of Amazon EC2 by its BIOS alone",
      { ...onKernel("Xen", "HVM domU"), "/sys/class/dmi/id/bios_vendor": "Amazon EC2\n" },
      "warning: what eth0 leads to drops frames with the MACs of containers (home, guests)",
    ],
    [
      "another virtual machine",
      onKernel("VMware, Inc.", "VMware7,1"),
      "note: what eth0 leads to may drop frames with the MACs of containers (home, guests)",
    ],
    [
      "wireless",
      { "/sys/class/net/eth0/phy80211/name": "phy0\n" },
      "warning: what eth0 leads to drops frames with the MACs of containers (home, guests)",
    ],
  ])("may drop the containers' MACs on %s", async (_, texts, expected) => {
    const found = await findings(externalUplink, { scene: with0({}), texts });
    expect(found[0]).toBe(expected);
    expect(found).toHaveLength(2);
  });

  test("is no wire on which MACs are dropped where it leads to something of this host", async () => {
    const texts = onKernel("Amazon EC2");
    expect(await findings(externalUplink, { scene: with0({ kind: "veth" }), texts })).toEqual([]);
  });

  test("may have more MACs to listen for than its card tells apart", async () => {
    const plans = Array.from({ length: 33 }, (_, i) => vnicOnLan(home, `n${i}`, [`192.0.2.${i + 20}/24`]));
    const found = await findings(externalUplink, { scene: with0({}, [home, guests], plans) });
    expect(found[0]).toBe("note: eth0 has 33 MACs to listen for");
  });
});

describe("kernel features of transparent networks", () => {
  const lacking = (name: string, neededFor: Feature["neededFor"]): Feature => ({
    name,
    neededFor,
    modules: [name],
    refusal: "EOPNOTSUPP",
  });
  const features = [
    lacking("macvlan", "switch macvlan"),
    lacking("ipvlan", "switch ipvlan"),
    lacking("8021q", "vlan"),
  ];
  const titles = async (of?: Scene) =>
    (await findings(kernelFeatures, { ...(of && { scene: of }), probe: { features } })).filter(
      (line) => !line.startsWith("  "),
    );

  test("are nobody's concern who has no such network", async () => {
    expect(await titles()).toEqual([]);
  });

  test("are errors where a network needs them, else notes", async () => {
    const cameras = lan("cameras", { vlan: 20, lower: "eth0.20" });
    expect(await titles(scene([home, cameras], []))).toEqual([
      "error: the kernel has no macvlan: nothing can be attached to home, cameras",
      'note: the kernel has no ipvlan: a transparent network cannot have "switch": "ipvlan"',
      "error: the kernel has no 8021q: nothing can be attached to cameras",
    ]);
  });
});

test("tables that nobody has made are missed by no vNIC on an uplink", async () => {
  expect(await findings(layout, { scene: with0({}), probe: { layout: "absent" } })).toEqual([]);
  const both = scene([nat, home], [web, tv]);
  expect(await findings(layout, { scene: both, probe: { layout: "absent" } })).toHaveLength(2);
});

test("a nat subnet that is the LAN's is told, though vNICs hang on the interface of the LAN", async () => {
  const clash = network("clash", { gateways: ["192.0.2.129/25"] });
  const found = await findings(subnets, { scene: scene([clash, home], [tv]) });
  expect(found[0]).toBe("error: subnet 192.0.2.128/25 of network clash overlaps another one of this host");
});
