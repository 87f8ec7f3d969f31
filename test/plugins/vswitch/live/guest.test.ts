import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { LiveRequest } from "../../../../lib/model/live/live.ts";
import { formatOwner } from "../../../../lib/model/owner.ts";
import { tracePacket } from "../../../../lib/model/path/trace-packet.ts";
import { IPPROTO } from "../../../../lib/policy/packet.ts";
import { kernelEntries } from "../../../../plugins/vswitch/live/kernel-entries.ts";
import { againstKernel } from "../../../../plugins/vswitch/live/live.ts";
import { usual } from "../../../lib/model/path/story.ts";

const { scene, endpoints } = usual({
  web: { vm: { name: "tap0" } },
  db: { vm: { attach: "switch", name: "vm-tap" } },
});
type Sender = keyof typeof endpoints;

/** Whom a live probe would watch. */
async function probed(from: Sender, to: string): Promise<readonly string[]> {
  const start = { kind: "endpoint", key: endpoints[from].key } as const;
  const trace = tracePacket(scene, start, {
    kind: "ip",
    destination: ip(to),
    protocol: IPPROTO.icmp,
    icmpType: 8,
  });
  const watched: string[] = [];
  const backend = {
    probeLive: ({ receivers }: LiveRequest) => {
      watched.push(...receivers.map(({ owner }) => formatOwner(owner)));
      throw new Error("enough");
    },
  };
  const host = { backend } as unknown as Parameters<typeof againstKernel>[0];
  const asked = againstKernel(host, scene, start, trace, { live: true, "diff-kernel": false });
  await asked.catch((error: Error) => {
    if (error.message !== "enough") throw error;
  });
  return watched;
}

describe("trace --live", () => {
  test.each(["web", "db"] as const)("sends nothing from within a guest (%s)", async (from) => {
    await expect(probed(from, "10.2.0.2")).rejects.toThrow(
      /--live cannot send from within a virtual machine[\s\S]*send from the guest itself/,
    );
  });

  test("watches the compartment of a guest whose tap is there, and of one on the host its port alone", async () => {
    expect(await probed("far", "10.1.0.2")).toEqual(["nat/web/eth0"]);
  });
});

describe("trace --diff-kernel", () => {
  test("tells an address beside a guest's tap once", () => {
    const { web: plan } = endpoints;
    const link = { up: true, mac: plan.vnic.mac, mtu: 1500, addresses: [prefix("10.1.0.2/24")] };
    const entries = kernelEntries(
      plan,
      {
        switch: { up: true, mac: plan.switch.mac, mtu: 1500, addresses: plan.switch.gateways },
        port: { up: true, mtu: 1500, switch: plan.switch.name, isolated: false },
        tap: { ...link, addresses: [], multiQueue: false, joined: { towardsGuest: true, fromGuest: true } },
        compartment: { vnic: { ...link, routes: [] } },
        missing: [],
      },
      [],
      scene.host,
    );
    expect(entries.map(({ what }) => what)).toEqual(["address 10.1.0.2/24 of eth0"]);
  });
});
