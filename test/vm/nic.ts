/** Network cards of a test machine and what they are plugged into. */
import { join } from "node:path";

/**
 * One network card; the machine names its cards eth0, eth1 ... in the order they are given.
 *
 * - tap: plugged into a tap of the namespace that QEMU is started in (`ns` of `bootVm`). The tap exists already:
 *   `ip tuntap add NAME mode tap`. With `offload`, segments and checksums are left to the other end, as real monitors do.
 * - wire: one end of a wire from `createWire`, the other end being a card of the same or of another machine.
 * - hub: cards of one machine that bear the same hub number see each other's frames.
 */
export type Nic = (
  | { readonly kind: "tap"; readonly name: string; readonly offload?: boolean }
  | { readonly kind: "wire"; readonly end: WireEnd }
  | { readonly kind: "hub"; readonly hub: number }
) & {
  /** Default: one of QEMU's own range, unlike that of any other card. */
  readonly mac?: string;
};

/** The sockets by which QEMU sends and receives the frames of a wire. */
export interface WireEnd {
  readonly local: string;
  readonly remote: string;
}

/** A wire with two ends, made of sockets in an empty or new-named place of a folder, such as `dir` of a host. */
export function createWire(dir: string, name = "wire"): readonly [WireEnd, WireEnd] {
  const [a, b] = [join(dir, `${name}-a`), join(dir, `${name}-b`)];
  return [
    { local: a, remote: b },
    { local: b, remote: a },
  ];
}

/** Where QEMU writes the frames of a card, in both directions, as a capture file. */
export function captureFile(dir: string, at: number): string {
  return join(dir, `eth${at}.pcap`);
}

/** QEMU's arguments for the cards. Nothing is offloaded: frames cross the wire as they would between two hosts. */
export function nicArguments(nics: readonly Nic[], dir: string): readonly string[] {
  return nics.flatMap((nic, at) => [
    "-netdev",
    `${backend(nic)},id=n${at}`,
    "-device",
    `virtio-net-pci,netdev=n${at},mac=${nic.mac ?? randomMac()},addr=0x${(16 + at).toString(16)},romfile=`,
    "-object",
    `filter-dump,id=d${at},netdev=n${at},file=${captureFile(dir, at)}`,
  ]);
}

function backend(nic: Nic): string {
  switch (nic.kind) {
    case "tap":
      return `tap,ifname=${nic.name},script=no,downscript=no,vnet_hdr=${nic.offload ? "on" : "off"}`;
    case "wire":
      return `dgram,local.type=unix,local.path=${nic.end.local},remote.type=unix,remote.path=${nic.end.remote}`;
    case "hub":
      return `hubport,hubid=${nic.hub}`;
  }
}

function randomMac(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(3));
  return `52:54:00:${bytes.toHex().replace(/(..)(?=.)/g, "$1:")}`;
}
