import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { macBytes, parseMac } from "../../lib/addr/mac.ts";
import type { CniResult } from "../system/nat-lab.ts";
import { whyNoVm } from "./requirements.ts";
import { bootVm, type Vm } from "./vm.ts";

const why = whyNoVm();

const network = {
  cniVersion: "1.1.0",
  name: "lan",
  type: "transparent",
  uplink: "eth0",
  ipam: { type: "ipam", subnet: "192.0.2.0/24", rangeStart: "192.0.2.10", gateway: "192.0.2.2" },
};

/** ETH_P_8021Q of linux/if_ether.h. */
const tagged = [0x81, 0x00];

/** Frames of a sender with its tag, or undefined for none: as they were on the wire. */
function tagsOf(frames: readonly Uint8Array[], mac: string): readonly (number | undefined)[] {
  const source = macBytes(parseMac(mac) ?? ("" as never)).join();
  return frames
    .filter((frame) => frame.subarray(6, 12).join() === source)
    .map((frame) =>
      frame.subarray(12, 14).join() === tagged.join()
        ? (((frame[14] ?? 0) & 0x0f) << 8) | (frame[15] ?? 0)
        : undefined,
    );
}

describe.skipIf(why !== undefined)(
  `a transparent network on a VLAN${why === undefined ? "" : ` (${why})`}`,
  () => {
    let vm: Vm;
    beforeAll(async () => {
      vm = await bootVm({
        nics: [
          { kind: "hub", hub: 0 },
          { kind: "hub", hub: 0 },
        ],
      });
      // eth1 is another machine on the LAN, with the same address in VLAN 42 as without one.
      await vm.exec(`ip link set eth0 up
      ip netns add lan; ip link set eth1 netns lan
      ip -n lan link set eth1 up; ip -n lan link add link eth1 name v42 type vlan id 42; ip -n lan link set v42 up
      ip -n lan address add 192.0.2.2/24 dev v42
      for name in a b c; do ip netns add $name; done`);
    });
    afterAll(() => vm?.close());

    const call = (verb: string, id: string, config: object, more: object = {}) =>
      vm.call("transparent", {
        verb,
        env: {
          CNI_CONTAINERID: id,
          CNI_NETNS: `/run/netns/${id}`,
          CNI_IFNAME: "eth0",
          CNI_PATH: "/opt/cni/bin",
        },
        stdin: { ...network, ...config, ...more },
      });
    const done = async (verb: string, id: string, config: object, more: object = {}): Promise<string> => {
      const { exitCode, stdout, stderr } = await call(verb, id, config, more);
      if (exitCode !== 0) throw new Error(`${verb} ${id}: ${stdout}${stderr}`);
      return stdout;
    };

    it("sends frames with its tag, and meets who is on that VLAN", async () => {
      const config = { vlan: 42 };
      const result = JSON.parse(await done("ADD", "a", config)) as CniResult;
      await vm.exec("ip netns exec a ping -c 2 -W 5 192.0.2.2");
      expect(await vm.exec("ip -n lan neighbour show dev v42")).toContain(result.interfaces[0]?.mac);
      const tags = tagsOf(vm.frames(0), result.interfaces[0]?.mac ?? "");
      expect(tags.length).toBeGreaterThan(2);
      expect(new Set(tags)).toEqual(new Set([42]));
      expect(await done("CHECK", "a", config, { prevResult: result })).toBe("");
      await done("DEL", "a", config);
    });

    it("shares the VLAN of the uplink with another network, and it goes with the last of them", async () => {
      const config = { vlan: 42 };
      const policies = [
        { Type: "VLAN", Settings: { IsolationId: 42 } },
        { Type: "NetAdapterName", Settings: { NetworkAdapterName: "eth0" } },
      ];
      const { uplink: _, ...unnamed } = network;
      const other = {
        ...unnamed,
        name: "other",
        policies,
        ipam: { ...network.ipam, rangeStart: "192.0.2.100" },
      };
      const { ips } = JSON.parse(await done("ADD", "a", config)) as CniResult;
      await done("ADD", "b", other);
      await vm.exec(`ip netns exec b ping -c 1 -W 5 ${ips[0]?.address.replace(/\/.*/, "")}`);
      const gc = { "cni.dev/valid-attachments": [] };
      await done("GC", "a", config, gc);
      expect(await vm.exec("ip -d link show eth0.42")).toContain("vlan protocol 802.1Q id 42");
      await vm.exec("ip netns exec b ping -c 1 -W 5 192.0.2.2");
      await done("GC", "b", other, gc);
      expect((await vm.run("ip link show eth0.42")).exitCode).toBe(1);
      expect(await vm.exec("ip -n b -o link show type macvlan")).toBe("");
    });

    it("leaves a VLAN that was there before as it found it", async () => {
      await vm.exec("ip link add link eth0 name eth0.7 type vlan id 7; ip link set eth0.7 up");
      // The kernel notices a moment later that it is up.
      const show = () => vm.exec("ip -d link show eth0.7");
      await expect.poll(show, { timeout: 10_000 }).toContain("state UP");
      const before = await show();
      const config = { name: "found", vlan: 7, dad: false };
      await done("ADD", "c", config);
      await done("GC", "c", config, { "cni.dev/valid-attachments": [] });
      expect(await show()).toBe(before);
    });
  },
);
