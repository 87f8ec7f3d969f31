import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sendFrames } from "./frames.ts";
import type { Namespace } from "./namespaces.ts";
import { createLab, type NatLab, whyNoNat } from "./nat-lab.ts";
import { arp } from "./packets.ts";
import { until } from "./until.ts";
import { type Bytes, ETH, ethernet } from "./wire.ts";

const reason = whyNoNat();
const folder = "/usr/lib/cni";
const lacking = ["bridge", "host-local"].find((name) => !existsSync(`${folder}/${name}`));
const whyNoReference = lacking === undefined ? "" : ` (${folder}/${lacking} is not installed)`;

interface Container {
  readonly ns: Namespace;
  readonly mac: string;
  readonly ip4: string;
}

/** As a runtime attaches a container with Debian's bridge plugin and its default settings. */
async function byReference({ host }: NatLab, id: string): Promise<Container> {
  const ns = await host.compartment(id);
  const ipam = { type: "host-local", subnet: "10.81.0.0/24", dataDir: `${host.dir}/reference` };
  const { exitCode, stdout, stderr } = await host.plugin(`${folder}/bridge`, {
    verb: "ADD",
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      CNI_CONTAINERID: id,
      CNI_NETNS: ns.path,
      CNI_IFNAME: "eth0",
      CNI_PATH: folder,
    },
    stdin: {
      cniVersion: "1.0.0",
      name: "reference",
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      ipMasq: true,
      ipam,
    },
  });
  if (exitCode !== 0) throw new Error(`ADD ${id} by the reference: ${stdout}${stderr}`);
  return { ns, ...identity(JSON.parse(stdout)) };
}

async function byOurs(lab: NatLab, id: string): Promise<Container> {
  const { ns, result } = await lab.add({ id });
  return { ns, ...identity(result) };
}

function identity(result: {
  readonly interfaces: readonly { readonly mac: string; readonly sandbox?: string }[];
  readonly ips: readonly { readonly address: string }[];
}) {
  const mac = result.interfaces.find(({ sandbox }) => sandbox !== undefined)?.mac ?? "";
  return { mac, ip4: result.ips[0]?.address.split("/")[0] ?? "" };
}

interface Scene {
  readonly host: NatLab["host"];
  readonly attacker: Container;
  readonly alice: Container;
  readonly bob: Container;
  readonly theft: Theft;
}

type Theft = (attacker: Container, alice: Container, bob: Container) => Bytes;

const thefts: Readonly<Record<string, Theft>> = {
  "claims an address by gratuitous ARP": (attacker, alice, bob) =>
    ethernet(
      { to: alice.mac, from: attacker.mac, type: ETH.arp },
      arp({ operation: "request", senderMac: attacker.mac, senderIp: bob.ip4, targetIp: bob.ip4 }),
    ),
  // Of a protocol that nobody listens to: the sender's MAC is all that it says.
  "sends a frame with another's MAC": (_, alice, bob) =>
    ethernet({ to: alice.mac, from: bob.mac, type: 0x88b5 }, [0]),
};

/** @returns commits the theft, and tells who gets what Alice sends to Bob after it */
async function prepare(lab: NatLab, attach: typeof byOurs, theft: Theft): Promise<() => Promise<string>> {
  const { host } = lab;
  const [attacker, alice, bob] = [
    await attach(lab, "attacker"),
    await attach(lab, "alice"),
    await attach(lab, "bob"),
  ];
  expect(await host.answersPing(alice.ns, bob.ip4)).toBe(true);
  return () => receiver({ host, attacker, alice, bob, theft });
}

async function receiver({ host, attacker, alice, bob, theft }: Scene): Promise<string> {
  await using atAttacker = await host.capture(attacker.ns, "eth0", "-Q in udp");
  await using atBob = await host.capture(bob.ns, "eth0", "-Q in udp");
  await sendFrames(attacker.ns, "eth0", [theft(attacker, alice, bob)]);
  await host.exec(alice.ns, "sh", "-c", `echo secret | socat -u STDIN UDP4-SENDTO:${bob.ip4}:7601`);
  return Promise.race([
    atAttacker.packet(/\.7601: UDP/).then(() => "attacker"),
    atBob.packet(/\.7601: UDP/).then(() => "bob"),
  ]);
}

describe.skipIf(reason !== undefined)(
  `a container that takes another's traffic${reason ? ` (${reason})` : ""}`,
  () => {
    it.each(Object.entries(thefts))("gets nothing when it %s", async (_, theft) => {
      await using lab = await createLab();
      const commit = await prepare(lab, byOurs, theft);
      expect(await commit()).toBe("bob");
    });

    it.skipIf(lacking !== undefined).each(Object.entries(thefts))(
      `succeeds with the reference bridge plugin when it %s${whyNoReference}`,
      async (_, theft) => {
        await using lab = await createLab();
        // A word of Bob's at the wrong moment, as his kernel says some by itself, gives him back what is his.
        await until(await prepare(lab, byReference, theft), (who) => who === "attacker", "the theft");
      },
    );
  },
);
