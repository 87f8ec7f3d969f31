/** Frames by hand from one container of a switch to another, and which of them arrive. */
import { sendFrames } from "./frames.ts";
import type { Attached, NatLab } from "./nat-lab.ts";
import { arp } from "./packets.ts";
import { type Party, partyOf } from "./siege.ts";
import { type Bytes, ETH, ethernet } from "./wire.ts";

export interface Lane extends AsyncDisposable {
  readonly from: Party;
  readonly to: Party;
  /** Lines of tcpdump for what came of these frames. */
  send(...frames: readonly Bytes[]): Promise<readonly string[]>;
}

/** The kernels of both ends, and of the host, say nothing by themselves. */
const hush =
  "add table inet hush; add chain inet hush output { type filter hook output priority 0; policy drop; }";

/** ARP passes every ACL, so behind the frames there is a question that must arrive. */
export async function openLane({ host }: NatLab, sender: Attached, receiver: Attached): Promise<Lane> {
  const [from, to] = [partyOf(sender), partyOf(receiver)];
  for (const ns of [sender.ns, receiver.ns, host.ns]) await host.exec(ns, "nft", hush);
  const capture = await host.capture(receiver.ns, "eth0", `-p -Q in ether src ${from.mac}`);
  let asked = 0;
  // What tcpdump does not know it prints in further lines, byte by byte.
  const isPacket = (line: string) => line.startsWith(from.mac);
  const isQuestion = (line: string) => line.includes(" who-has 10.255.");
  return {
    from,
    to,
    send: async (...frames) => {
      const before = capture.packets().length;
      const target = `10.255.${++asked >> 8}.${asked & 255}`;
      const question = ethernet(
        { to: to.mac, from: from.mac, type: ETH.arp },
        arp({ operation: "request", senderMac: from.mac, senderIp: from.ip4, targetIp: target }),
      );
      await sendFrames(sender.ns, "eth0", [...frames, question]);
      await capture.packet(new RegExp(`who-has ${target.replaceAll(".", "\\.")} `));
      return capture
        .packets()
        .slice(before)
        .filter((line) => isPacket(line) && !isQuestion(line));
    },
    [Symbol.asyncDispose]: () => capture[Symbol.asyncDispose](),
  };
}
