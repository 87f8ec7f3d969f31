import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import type { TunnelState } from "../../../../lib/linux/overlay/observe.ts";
import { compileTunnel } from "../../../../lib/linux/overlay/tunnel.ts";
import { lackingOfTunnel } from "../../../../lib/linux/overlay/tunnel-lacks.ts";
import type { OverlaySwitch } from "../../../../lib/model/switch.ts";
import type { BridgePort } from "../../../../lib/netlink/route/bridge-port.ts";
import type { Link } from "../../../../lib/netlink/route/decode-link.ts";
import type { Vxlan } from "../../../../lib/netlink/route/vxlan.ts";
import { overlayPlan } from "../../../plugins/overlay/fixture.ts";
import { refusal } from "../../hcn/fixture.ts";
import { someLink } from "../some-link.ts";

const routed = overlayPlan({ ips: ["10.40.1.7/24"] }).switch;
const stretched: OverlaySwitch = { ...routed, mode: "stretched" };
const [own, local] = [mac("0e:2a:c0:00:02:01"), ip("192.0.2.1")];
const alias = "vswitch:network blue tunnel";
const asPort: BridgePort = {
  ...{ hairpin: false, guard: false, learning: false, flood: false },
  ...{ mcast_flood: false, bcast_flood: false, neigh_suppress: true, isolated: false },
};

interface Found {
  readonly link?: Partial<Link>;
  readonly vxlan?: Partial<Vxlan>;
  readonly port?: Partial<BridgePort>;
  readonly bridge?: string | undefined;
}

/** As planned, but for what is said otherwise. */
const found = ({ link, vxlan, port, ...rest }: Found = {}): TunnelState => ({
  link: someLink({ name: "vsx-blue", kind: "vxlan", mtu: 1450, mac: own, alias, ...link }),
  vxlan: { vni: 4097, local, udpPort: 4789, learning: false, df: "inherit", lower: undefined, ...vxlan },
  port: { ...asPort, ...port },
  bridge: "vsw-blue",
  rival: undefined,
  ...rest,
});
const absent: TunnelState = {
  link: undefined,
  vxlan: undefined,
  port: undefined,
  bridge: undefined,
  rival: undefined,
};
const titles = (vswitch: OverlaySwitch, state: TunnelState) =>
  compileTunnel(vswitch, state).map(({ title }) => title);

describe("the steps that make a tunnel", () => {
  it("are none where it is as planned", () => {
    for (const vswitch of [routed, stretched]) {
      expect(titles(vswitch, found())).toEqual([]);
      expect(lackingOfTunnel(vswitch, found())).toEqual([]);
    }
  });

  it.each<[string, OverlaySwitch, Found, string]>([
    ["that is down", routed, { link: { up: false } }, "up"],
    ["with another MTU", routed, { link: { mtu: 1400 } }, "mtu 1450"],
    ["with another MAC", routed, { link: { mac: mac("02:00:00:00:00:01") } }, "address 0e:2a:c0:00:02:01"],
    [
      "that sends from another address",
      routed,
      { vxlan: { local: ip("192.0.2.9") } },
      "type vxlan local 192.0.2.1",
    ],
    ["that is on another bridge", stretched, { bridge: "br0" }, "master vsw-blue"],
    ["that learns", stretched, { port: { learning: true } }, "type bridge_slave learning off"],
    [
      "that lets questions out",
      stretched,
      { port: { neigh_suppress: false } },
      "type bridge_slave neigh_suppress on",
    ],
  ])("mend one %s, which CHECK names", (_, vswitch, over, words) => {
    expect(titles(vswitch, found(over)).join()).toContain(`link set vsx-blue ${words}`);
    expect(lackingOfTunnel(vswitch, found(over))).toContain(`tunnel vsx-blue, ${words}`);
  });

  it("turn checksums early where the network wants them so, also those that somebody has turned late", () => {
    const early = { ...routed, tunnel: { ...routed.tunnel, checksums: "early" as const } };
    const step = "ethtool -K vsx-blue tx off";
    expect(titles(early, absent)).toContain(step);
    expect(titles(early, { ...found(), lateChecksums: true })).toEqual([step]);
    expect(titles(early, { ...found(), lateChecksums: false })).toEqual([]);
    expect(lackingOfTunnel(early, { ...found(), lateChecksums: true })).toEqual([
      "tunnel vsx-blue, tx checksums off",
    ]);
  });

  it("care for a bridge in mode stretched alone", () => {
    expect(titles(routed, found({ bridge: undefined, port: { learning: true } }))).toEqual([]);
  });

  it("set all flags of one that has come to the bridge again: it lost them", () => {
    expect(titles(stretched, found({ bridge: undefined })).join()).toContain(
      "learning off flood off mcast_flood off bcast_flood off neigh_suppress on isolated off",
    );
  });

  it("say what the kernel may lack, and what somebody else may have", () => {
    const steps = compileTunnel(routed, absent);
    expect(steps[0]).toMatchObject({ needs: "vxlan" });
    expect(steps.at(-1)).toMatchObject({ takes: "UDP port 4789" });
    expect(lackingOfTunnel(routed, absent)).toEqual(["tunnel vsx-blue with VNI 4097 at UDP port 4789"]);
  });

  it("finish one that an ADD was killed over", () => {
    const unmarked = found({ link: { alias: undefined, up: false } });
    const steps = titles(routed, unmarked);
    expect(steps.join()).toContain(`alias "${alias}"`);
    expect(steps).toContain("sysctl net.ipv6.conf.vsx-blue.accept_ra=0");
    expect(titles(stretched, unmarked)).toContain("sysctl net.ipv6.conf.vsx-blue.disable_ipv6=1");
  });

  it.each<[string, TunnelState, string]>([
    [
      "another receives what it should",
      { ...absent, rival: "other" },
      "tunnel other receives VNI 4097 at UDP port 4789",
    ],
    [
      "its name is somebody's",
      { ...found({ link: { kind: "bridge" } }), vxlan: undefined },
      "interface vsx-blue of kind bridge is not ours",
    ],
    [
      "it bears another's mark",
      found({ link: { alias: "mine" } }),
      "interface vsx-blue of kind vxlan is not ours",
    ],
    [
      "it has another VNI",
      found({ vxlan: { vni: 77 } }),
      "tunnel vsx-blue has VNI 77 at UDP port 4789, the network 4097 at 4789",
    ],
  ])("are refused where %s", (_, state, message) => {
    expect(refusal(() => compileTunnel(routed, state))).toMatchObject({
      code: 108,
      reason: "tunnel-taken",
      message,
    });
  });
});
