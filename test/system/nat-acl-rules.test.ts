import { afterAll, beforeAll, describe, it } from "vitest";
import { acl } from "./acl-scene.ts";
import { uplink } from "./host.ts";
import { answerAll, type DropSite, isDropped, type Knock, passes } from "./knock.ts";
import type { Namespace } from "./namespaces.ts";
import { type Attached, createLab, dual, type NatLab, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();

type Settings = Readonly<Record<string, unknown>>;
/** "tcp out 443", "ping in", "udp out 53 6": what the container does or what is done to it, of one family or both. */
type Word = string;

interface Case {
  readonly policies: readonly ReturnType<typeof acl>[];
  readonly config?: Settings;
  readonly open: readonly Word[];
  readonly shut: readonly Word[];
}

const everything = ["tcp out 80", "udp out 80", "ping out", "tcp in 80", "udp in 80", "ping in"];

const cases: Readonly<Record<string, Case>> = {
  "one ACL denies the rest in both directions": {
    policies: [acl("Allow", "Out", { Protocols: "6", RemotePorts: "443" })],
    open: ["tcp out 443"],
    shut: ["tcp out 80", "udp out 443", "ping out", "tcp in 443", "udp in 80", "ping in"],
  },
  "an ACL of Block denies the rest as well": {
    policies: [acl("Block", "In", { Protocols: "6", LocalPorts: "80" })],
    open: [],
    shut: everything,
  },
  "defaultAction Allow leaves open what no ACL names": {
    policies: [acl("Block", "In", { Protocols: "6", LocalPorts: "80" })],
    config: { defaultAction: "Allow" },
    open: ["tcp out 80", "udp out 80", "ping out", "tcp in 81", "udp in 80", "ping in"],
    shut: ["tcp in 80"],
  },
  "defaultAction for one direction": {
    policies: [acl("Allow", "In", { Protocols: "6", LocalPorts: "80" })],
    config: { defaultAction: { Out: "Allow" } },
    open: ["tcp out 80", "udp out 53", "ping out", "tcp in 80"],
    shut: ["tcp in 81", "udp in 80", "ping in"],
  },
  "defaultAction Block without any ACL": {
    policies: [],
    config: { defaultAction: "Block" },
    open: [],
    shut: everything,
  },
  "defaultAction Allow without any ACL": {
    policies: [],
    config: { defaultAction: "Allow" },
    open: everything,
    shut: [],
  },
  "the tail of Windows: an ACL that allows all each way": {
    policies: [
      acl("Block", "Out", { Protocols: "17", RemotePorts: "53", Priority: 200 }),
      acl("Allow", "In", { Priority: 4000 }),
      acl("Allow", "Out", { Protocols: "256", Priority: 4000 }),
    ],
    open: ["tcp out 53", "udp out 54", "ping out", "tcp in 80", "udp in 53", "ping in"],
    shut: ["udp out 53"],
  },
  "the lower priority wins, wherever it stands": {
    policies: [
      acl("Allow", "Out", { Protocols: "6", RemotePorts: "8000-8010", Priority: 300 }),
      acl("Block", "Out", { Protocols: "6", RemotePorts: "8005", Priority: 200 }),
      acl("Allow", "Out", { Protocols: "6", RemotePorts: "8004-8006", Priority: 250 }),
    ],
    open: ["tcp out 8000", "tcp out 8004", "tcp out 8006", "tcp out 8010"],
    shut: ["tcp out 7999", "tcp out 8005", "tcp out 8011"],
  },
  "of one priority the first wins": {
    policies: [
      acl("Block", "Out", { Protocols: "6", RemotePorts: "80" }),
      acl("Allow", "Out", { Protocols: "6", RemotePorts: "80-81" }),
      acl("Block", "Out", { Protocols: "6", RemotePorts: "81" }),
    ],
    open: ["tcp out 81"],
    shut: ["tcp out 80"],
  },
  "lists and ranges of ports and protocols": {
    policies: [
      acl("Allow", "Out", { Protocols: "6,17", RemotePorts: "53,80,8000-8002" }),
      acl("Allow", "In", { Protocols: "17", LocalPorts: "1-52,54-65535" }),
    ],
    open: [
      "tcp out 53",
      "udp out 80",
      "tcp out 8000",
      "udp out 8002",
      "udp in 52",
      "udp in 54",
      "udp in 65535",
    ],
    shut: ["tcp out 54", "udp out 7999", "tcp out 8003", "udp in 53", "tcp in 54", "ping out"],
  },
  "ICMP of each family by its own number": {
    policies: [acl("Allow", "Out", { Protocols: "1" }), acl("Allow", "In", { Protocols: "58" })],
    open: ["ping out 4", "ping in 6"],
    shut: ["ping out 6", "ping in 4", "tcp out 80"],
  },
  "rules about one direction say nothing about the other": {
    policies: [acl("Allow", "Out", { Protocols: "17" }), acl("Allow", "In", { Protocols: "6" })],
    open: ["udp out 80", "tcp in 80"],
    shut: ["udp in 80", "tcp out 80"],
  },
};

interface Scene {
  readonly box: Attached;
  readonly address: (family: 4 | 6) => string;
  /** Who is beyond the port. */
  readonly there: Namespace;
}

/** What the words say, for each family they are about. */
function knocks(
  { box, address, there }: Scene,
  word: Word,
): readonly (Knock & { readonly site: DropSite })[] {
  const [protocol = "", way = "", ...numbers] = word.split(" ");
  const port = protocol === "ping" ? {} : { port: Number(numbers.shift()) };
  const families = numbers.length > 0 ? [Number(numbers[0]) as 4 | 6] : ([4, 6] as const);
  return families.map((family) => ({
    protocol: protocol as Knock["protocol"],
    ...(way === "out" ? { from: box.ns, to: address(family) } : { from: there, to: box[`ip${family}`] }),
    ...port,
    site: { set: way === "out" ? "dropped_acl_out" : "dropped_acl_in", of: box },
  }));
}

/** Who is on the other side of the port, and at which addresses. */
type Setting = (
  lab: NatLab,
) => Promise<Omit<Scene, "box"> & { readonly reached?: (box: Attached) => Promise<unknown> }>;

const settings: Readonly<Record<string, Setting>> = {
  "containers of a switch": async (lab) => {
    const peer = await lab.add({ id: "peer" });
    return { address: (family) => peer[`ip${family}`], there: peer.ns };
  },
  "a container and its host": async (lab) => {
    const { gateway4, gateway6 } = await lab.add();
    return { address: (family) => (family === 4 ? gateway4 : gateway6), there: lab.host.ns };
  },
  "a container and a machine beyond": async ({ host }) => ({
    address: (family) => uplink[`outside${family}`],
    there: host.outside,
    reached: ({ ip4, ip6 }) =>
      host.exec(
        host.outside,
        ...["sh", "-ec", `ip route add ${ip4} via ${uplink.host4}; ip route add ${ip6} via ${uplink.host6}`],
      ),
  }),
};

describe.skipIf(reason !== undefined).each(Object.entries(settings))(
  `ACLs between %s${reason ? ` (${reason})` : ""}`,
  (_, prepare) => {
    let lab: NatLab;
    let setting: Awaited<ReturnType<Setting>>;
    beforeAll(async () => {
      lab = await createLab();
      setting = await prepare(lab);
      await answerAll(lab, lab.host.ns, setting.there);
    });
    afterAll(() => lab[Symbol.asyncDispose]());

    it.each(Object.entries(cases))("%s", async (_, { policies, config, open, shut }) => {
      const box = await lab.add({ config: { ...dual, policies, ...config } });
      await answerAll(lab, box.ns);
      await setting.reached?.(box);
      const scene = { box, ...setting };
      for (const word of open) for (const knock of knocks(scene, word)) await passes(lab, knock);
      for (const word of shut)
        for (const { site, ...knock } of knocks(scene, word)) await isDropped(lab, knock, site);
      await lab.done("DEL", box);
    });
  },
);
