/** Act three: a utility VM on the same network as a process container. A real kernel boots in it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { decodeAddress, dumpAddresses } from "../../../lib/netlink/route/address.ts";
import { bootGuest, configureGuest, type GuestNic } from "../../vm/guest.ts";
import type { Vm } from "../../vm/vm.ts";
import { claimAdd, claimCall, claimGone } from "../claims/call.ts";
import { claimNothingLeft } from "../claims/ending.ts";
import { claimAnswers } from "../claims/packets.ts";
import { takeInventory } from "../inventory.ts";
import { formatJson } from "../json.ts";
import { type Container, createRuntime, type NetworkConfig, type Runtime } from "../runtime.ts";
import type { Act, Stage } from "../story.ts";
import { serve } from "../talk.ts";
import { linkNamed } from "../world.ts";

/** What the guest has beside a Debian system's basic programs. */
export const guestPrograms: readonly string[] = ["socat"];

const dataDir = "/run/vswitch";
const published = 8080;

const network: NetworkConfig = {
  cniVersion: "1.1.0",
  name: "boxes",
  plugins: [
    {
      type: "nat",
      vnic: "vmNic",
      capabilities: { portMappings: true, vnic: true },
      ipam: { type: "ipam", subnet: "10.89.0.0/24" },
    },
  ],
};

interface Scene extends Stage {
  readonly runtime: Runtime;
  /** The utility VM's; its monitor runs in there. */
  readonly box: Container;
  readonly web: Container;
}

export const guestAct: Act = {
  compartments: ["box", "web"],
  async play(stage) {
    const { world, report, bin } = stage;
    const portMappings = [{ protocol: "tcp", hostPort: published, containerPort: 80 }];
    const box = { id: "box-1", machine: world.compartment("box"), runtimeConfig: { portMappings } };
    const web = { id: "web-1", machine: world.compartment("web"), runtimeConfig: { vnic: "hostVnic" } };
    const runtime = createRuntime({ network, bin, dataDir });
    const before = takeInventory(world.host, dataDir);
    report.scene("A network for utility VMs", "and for process containers that ask for a host vNIC");
    report.block(formatJson(network));
    const scene: Scene = { ...stage, runtime, box, web };
    const addresses = attach(scene);
    const nics = tellGuest(scene);
    const vm = await bootGuest({ name: "box", path: box.machine.path }, nics, guestPrograms);
    try {
      report.line("booted", `Linux ${vm.release}`, "by QEMU in box, with the tap as its card");
      await configureGuest(vm, nics);
      await meet(scene, vm, addresses);
      claimGone(report, ["DEL box", "while the guest runs"], runtime.del(box), box.machine);
    } finally {
      await vm.close();
    }
    claimGone(report, ["DEL web", "web has nothing but its loopback"], runtime.del(web), web.machine);
    claimCall(report, "GC", runtime.gc([]), {
      expected: "success",
      seen: "success",
      shown: "the switch is gone",
    });
    claimNothingLeft(report, [before, takeInventory(world.host, dataDir)], /^[-+] net\.ipv[46]\./);
  },
};

interface Addresses {
  readonly box: string;
  readonly web: string;
}

function attach({ report, runtime, box, web }: Scene): Addresses {
  report.scene("Two vNICs of two types", "on one switch");
  const [added, second] = [runtime.add(box), runtime.add(web)];
  const asked = { expected: "success", seen: "success", shown: "a tap, for a monitor to open" };
  claimCall(report, "ADD box", added, asked);
  claimAdd(report, web.machine, second, "a host vNIC");
  const { index } = linkNamed(box.machine, "eth0");
  const held = box.machine.netlink.request(dumpAddresses({ index })).map(decodeAddress);
  report.claim({
    subject: "addresses in box",
    expected: "none",
    seen: held.map(({ address }) => address).join(", ") || "none",
    shown: "none: the guest alone has them",
  });
  const of = (ips: typeof added.result) => ips?.ips[0]?.address.replace(/\/.*/, "") ?? "";
  return { box: of(added.result), web: of(second.result) };
}

/** What an operator's or a runtime's program hands to the guest. */
function tellGuest({ report, bin, box }: Scene): readonly GuestNic[] {
  const words = ["guest-config", "--container", box.id, "--format"];
  const tell = (format: string) =>
    spawnSync(join(bin, "vswitch"), [...words, format], {
      encoding: "utf8",
      env: { VSWITCH_DATA_DIR: dataDir },
    });
  const kernel = tell("kernel-ip");
  report.scene("A guest", "what it is told by vswitch guest-config --format kernel-ip");
  report.block(kernel.stdout || kernel.stderr);
  return JSON.parse(tell("json").stdout);
}

async function meet(
  { world, report, web }: Scene,
  vm: Vm,
  { box: own, web: other }: Addresses,
): Promise<void> {
  const { beyond, uplink } = world;
  report.scene("Packets", "every server tells whom it sees");
  await serve(web.machine, { protocol: "tcp", address: "0.0.0.0", port: 80 });
  await serve(beyond, { protocol: "tcp", address: "0.0.0.0", port: 80 });
  await vm.exec(`socat TCP4-LISTEN:80,fork,reuseaddr SYSTEM:'echo -n "box sees $SOCAT_PEERADDR"' >/dev/null 2>&1 &
    until netstat -ltn | grep -q ':80 '; do usleep 20000; done`);
  const fromGuest = async (subject: string, address: string, expected: string): Promise<void> => {
    const seen = await vm.exec(`socat -T 10 -u TCP4:${address}:80 -`);
    report.claim({ subject, detail: `${address}  tcp 80`, expected, seen });
  };
  await fromGuest("guest -> web", other, `web sees ${own}`);
  await fromGuest("guest -> beyond, by NAT", uplink[4].beyond, `beyond sees ${uplink[4].host}`);
  const toBox = { to: "box", protocol: "tcp" } as const;
  await claimAnswers(report, {
    ...toBox,
    subject: "web -> guest",
    from: web.machine,
    port: 80,
    at: [{ address: own, sees: other }],
  });
  await claimAnswers(report, {
    ...toBox,
    subject: "beyond -> published port",
    from: beyond,
    port: published,
    at: [{ address: uplink[4].host, sees: uplink[4].beyond }],
  });
}
