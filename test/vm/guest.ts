/** A utility VM: what a monitor opens, and what the guest does with what `vswitch guest-config` tells it. */
import type { Namespace } from "../system/namespaces.ts";
import { bootVm, type Vm } from "./vm.ts";

/** As `vswitch guest-config --format json` prints one NIC. */
export interface GuestNic {
  readonly name: string;
  readonly mac: string;
  readonly mtu: number;
  readonly addresses: readonly { readonly address: string; readonly prefixLength: number }[];
  readonly routes: readonly { readonly destination: string; readonly gateway?: string }[];
  readonly tap: { readonly name: string; readonly attach: string };
}

/** As DHCP clients call it, with what they got in the environment. */
const dhcpScript = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add "$ip/$mask" dev "$interface"
ip route add default via "$router" dev "$interface"
`;

/** Boots a guest whose cards are the taps of an attachment's NICs, opened in `ns`. */
export async function bootGuest(
  ns: Namespace,
  nics: readonly GuestNic[],
  programs: readonly string[] = [],
): Promise<Vm> {
  return bootVm({
    ns,
    programs,
    files: { "/etc/udhcpc": dhcpScript },
    memoryMib: 512,
    nics: nics.map(({ mac, tap }) => ({ kind: "tap", name: tap.name, mac, offload: true })),
  });
}

/** The guest gives its cards what it was told; a card for which there is no address asks a DHCP server. */
export async function configureGuest(vm: Vm, nics: readonly GuestNic[]): Promise<void> {
  await vm.exec(nics.map((nic, at) => scriptOf(nic, `eth${at}`)).join("\n"));
}

function scriptOf({ mtu, addresses, routes }: GuestNic, device: string): string {
  const near = (gateway?: string): number => (gateway === undefined ? 0 : 1);
  return [
    `set -e; ip link set ${device} mtu ${mtu} up`,
    ...addresses.map(
      ({ address, prefixLength }) =>
        `ip address add ${address}/${prefixLength} dev ${device}${address.includes(":") ? " nodad" : ""}`,
    ),
    ...routes
      .toSorted((a, b) => near(a.gateway) - near(b.gateway))
      .map(
        ({ destination, gateway }) =>
          `ip route add ${destination}${gateway === undefined ? "" : ` via ${gateway}`} dev ${device}`,
      ),
    ...(addresses.length > 0 ? [] : [`udhcpc -i ${device} -n -q -t 10 -s /etc/udhcpc`]),
  ].join("\n");
}
