/** Act two: a transparent network, where a container is one more machine of the LAN. */
import { decodeNeighbour, dumpNeighbours } from "../../../lib/netlink/route/neighbour.ts";
import { claimAdd, claimCall, claimGone } from "../claims/call.ts";
import { claimNothingLeft } from "../claims/ending.ts";
import { claimAnswers } from "../claims/packets.ts";
import { type DhcpServer, startDhcpServer } from "../dhcp-server.ts";
import { type Inventory, takeInventory } from "../inventory.ts";
import { formatJson } from "../json.ts";
import { type Container, createRuntime, ifname, type NetworkConfig, type Runtime } from "../runtime.ts";
import type { Act, Stage } from "../story.ts";
import { serve } from "../talk.ts";
import { linkNamed } from "../world.ts";

const dataDir = "/run/vswitch";
const offer = { address: "192.0.2.77/24", router: "192.0.2.2", leaseSeconds: 3600 };
const address = offer.address.replace(/\/.*/, "");
const port = 80;

const network: NetworkConfig = {
  cniVersion: "1.1.0",
  name: "lan",
  plugins: [{ type: "transparent", uplink: "eth0", ipam: { type: "ipam", source: "dhcp" } }],
};

interface Scene extends Stage {
  readonly runtime: Runtime;
  readonly server: DhcpServer;
  readonly desk: Container;
}

export const transparentAct: Act = {
  compartments: ["desk"],
  async play(stage) {
    const { world, report, bin } = stage;
    const server = await startDhcpServer(world.beyond, world.uplink[4].beyond, offer);
    const desk = { id: "desk-1", machine: world.compartment("desk") };
    const runtime = createRuntime({ network, bin, dataDir });
    const before = takeInventory(world.host, dataDir);
    report.scene("A transparent network", "beyond is on the LAN of the uplink, and serves DHCP there");
    report.block(formatJson(network));
    const scene: Scene = { ...stage, runtime, server, desk };
    await attach(scene);
    await meet(scene);
    await detach(scene, before);
    server.close();
  },
};

async function attach({ report, runtime, server, desk }: Scene): Promise<void> {
  report.scene("One more machine on the LAN", "a macvlan of the uplink: nothing of the host is touched");
  const outcome = runtime.add(desk);
  claimAdd(report, desk.machine, { ...outcome, stderr: "" }, "lent by beyond");
  report.claim({
    subject: "what the server heard",
    expected: "discover, request",
    seen: (await server.heard()).join(", "),
  });
  const warned = /lease .* ends .*vswitch agent/.test(outcome.stderr);
  report.claim({
    subject: "said on stderr",
    expected: "the lease ends, and nobody renews it",
    seen: warned ? "the lease ends, and nobody renews it" : outcome.stderr,
  });
  const asMade = { expected: "success", seen: "success", shown: "all as ADD made it" };
  claimCall(report, "CHECK desk", runtime.check(desk), asMade);
}

/** Both ways, by addresses of their own; and the LAN knows the container by a MAC of its own. */
async function meet({ world, report, desk }: Scene): Promise<void> {
  const { beyond, uplink } = world;
  report.scene("Packets", "every server tells whom it sees");
  await serve(desk.machine, { protocol: "tcp", address: "0.0.0.0", port });
  const there = { protocol: "tcp", port } as const;
  await claimAnswers(report, {
    ...there,
    subject: "beyond -> desk",
    from: beyond,
    to: "desk",
    at: [{ address, sees: uplink[4].beyond }],
  });
  await claimAnswers(report, {
    ...there,
    subject: "desk -> beyond",
    from: desk.machine,
    to: "beyond",
    at: [{ address: uplink[4].beyond, sees: address }],
  });
  const { mac } = linkNamed(desk.machine, ifname);
  const known = beyond.netlink
    .request(dumpNeighbours({ family: 4 }))
    .map(decodeNeighbour)
    .find((one) => one.address === address)?.mac;
  report.claim({
    subject: "MAC that beyond sees",
    expected: `${mac}`,
    seen: `${known}`,
    shown: `${known}  desk's own, not the host's ${linkNamed(world.host, "eth0").mac}`,
  });
}

async function detach({ world, report, runtime, server, desk }: Scene, before: Inventory): Promise<void> {
  report.scene("The way back", "the address goes back to the server");
  claimGone(report, ["DEL desk", "desk has nothing but its loopback"], runtime.del(desk), desk.machine);
  report.claim({
    subject: "what the server heard",
    expected: "release",
    seen: (await server.heard()).join(", "),
  });
  claimGone(report, ["GC", "nothing to do is success"], runtime.gc([]), desk.machine);
  claimNothingLeft(report, [before, takeInventory(world.host, dataDir)], /^$/);
}
