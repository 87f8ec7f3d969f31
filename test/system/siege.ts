/** An attacker with root inside a container beside its victim, and what comes of each attempt. */
import { linkLocal, type Mac } from "../../lib/addr/mac.ts";
import type { Capture } from "./capture.ts";
import { sendFrames } from "./frames.ts";
import type { Host } from "./host.ts";
import { type Attached, createLab, dual, type NatLab } from "./nat-lab.ts";
import { udp } from "./packets.ts";
import { type Bytes, ETH, ethernet, ip4, NEXT } from "./wire.ts";

/** One end as others on the switch see it. */
export interface Party {
  readonly mac: string;
  readonly ip4: string;
  readonly ip6: string;
  readonly linkLocal: string;
}

export interface Parties {
  readonly attacker: Party;
  readonly victim: Party;
  readonly gateway: Party;
}

export interface Outcome {
  /** Lines of tcpdump: what came in at each, the sentinel left out. */
  readonly atVictim: readonly string[];
  readonly atHost: readonly string[];
  /** By how much the attacker's counters rose. */
  readonly spoofed: number;
  readonly service: number;
}

export interface Siege extends AsyncDisposable, Parties {
  readonly lab: NatLab;
  readonly host: Host;
  readonly from: Attached;
  readonly target: Attached;
  /** Sends frames from the attacker's container, and waits for one behind them that must arrive. */
  attempt(frames: readonly Bytes[]): Promise<Outcome>;
}

/** A MAC that nobody has. */
export const strangerMac = "02:66:66:66:66:66";

/** What the kernels say by themselves of groups they listen to, and of routers they look for. */
const noise = ["33:33:00:00:00:16", "01:00:5e:00:00:16", "33:33:00:00:00:02"]
  .map((group) => `not ether dst ${group}`)
  .join(" and ");

/** @param config of the attacker's attachment alone, over `network`, which both are on */
export async function laySiege(
  config: Readonly<Record<string, unknown>> = {},
  network: Readonly<Record<string, unknown>> = dual,
): Promise<Siege> {
  const lab = await createLab();
  const { host } = lab;
  await seeBridged(host, false);
  const target = await lab.add({ id: "victim", config: network });
  const from = await lab.add({ id: "attacker", config: { ...network, ...config } });
  const parties = { attacker: partyOf(from), victim: partyOf(target), gateway: gatewayOf(from) };
  const [atVictim, atHost] = [
    await host.capture(target.ns, "eth0", `-p -Q in ${noise}`),
    await host.capture(host.ns, switchOf(from), `-p -Q in ${noise}`),
  ];
  let tried = 0;
  return {
    ...parties,
    lab,
    host,
    from,
    target,
    attempt: async (frames) => {
      const before = await dropsOf(lab, from);
      const port = 20_000 + ++tried;
      const mark = [atVictim.packets().length, atHost.packets().length] as const;
      await sendFrames(from.ns, "eth0", [...frames, sentinel(parties.attacker, port)]);
      const seen = async (capture: Capture, first: number) => {
        await capture.packet(isSentinel(port));
        return capture
          .packets()
          .slice(first)
          .filter((line) => !isSentinel().test(line));
      };
      const lines = { atVictim: await seen(atVictim, mark[0]), atHost: await seen(atHost, mark[1]) };
      // The switch shall know again where the victim is, whatever was said in its name.
      await sendFrames(target.ns, "eth0", [sentinel(parties.victim, port)]);
      const after = await dropsOf(lab, from);
      return {
        ...lines,
        spoofed: after.spoofed - before.spoofed,
        service: after.service - before.service,
      };
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}

/** Whether bridged packets pass the rules of IP too (br_netfilter), which puts pieces together on their way. */
export async function seeBridged(host: Host, seen: boolean): Promise<void> {
  // A kernel without it shows bridged packets to nobody; it cannot be told to.
  const set =
    'for key in /proc/sys/net/bridge/bridge-nf-call-*; do if [ -e "$key" ]; then echo "$1" > "$key"; else [ "$1" = 0 ]; fi; done';
  await host.exec(host.ns, "sh", "-ec", set, "sh", seen ? "1" : "0");
}

/** To all of the network, from what the sender truly is. */
function sentinel({ mac, ip4: from }: Party, port: number): Bytes {
  const to = from.replace(/\d+$/, "255");
  const payload = udp({ from, to }, { source: 9, destination: port }, []);
  return ethernet(
    { to: "ff:ff:ff:ff:ff:ff", from: mac, type: ETH.ip },
    ip4({ from, to, protocol: NEXT.udp }, payload),
  );
}

const isSentinel = (port?: number) => new RegExp(`\\.255\\.${port ?? "2\\d{4}"}: UDP`);

/** What the guard has dropped so far of the attachment's port. */
export async function dropsOf(
  lab: NatLab,
  attached: Attached,
): Promise<Pick<Outcome, "spoofed" | "service">> {
  const [spoofed, service] = [
    await packetsIn(lab, "dropped_spoofed", attached),
    await packetsIn(lab, "dropped_service", attached),
  ];
  return { spoofed, service };
}

/** Packets that a counting set of the bridge table has for the attachment's port; 0 where it has none. */
export const packetsIn = (lab: NatLab, set: string, attached: Attached): Promise<number> =>
  counted(lab, ["bridge", set], portOf(attached));

/** Packets that a counting set has for the name of an interface; 0 where it has none. @param where family and set */
export async function counted(
  lab: NatLab,
  where: readonly [family: "bridge" | "inet", set: string],
  name: string,
): Promise<number> {
  const [family, set] = where;
  const listed = await lab.host.exec(lab.host.ns, "nft", "-j", "list", "set", family, "vswitch", set);
  const { nftables } = JSON.parse(listed) as { nftables: readonly { set?: { elem?: readonly Counted[] } }[] };
  const elements = nftables.flatMap((one) => one.set?.elem ?? []);
  return elements.find(({ elem }) => elem.val === name)?.elem.counter?.packets ?? 0;
}

interface Counted {
  readonly elem: { readonly val: string; readonly counter?: { readonly packets: number } };
}

export const switchOf = ({ result }: Attached): string => result.interfaces[0]?.name ?? "";
export const portOf = ({ result }: Attached): string => result.interfaces[1]?.name ?? "";
export const macOf = ({ result }: Attached): string => result.interfaces[2]?.mac ?? "";

export function partyOf(attached: Attached): Party {
  const { ip4, ip6 } = attached;
  const mac = macOf(attached);
  return { mac, ip4, ip6, linkLocal: linkLocal(mac as Mac) };
}

function gatewayOf({ result, gateway4, gateway6 }: Attached): Party {
  const mac = result.interfaces[0]?.mac ?? "";
  return { mac, ip4: gateway4, ip6: gateway6, linkLocal: linkLocal(mac as Mac) };
}
