/** Giving back what servers lent. */
import type { Ip } from "../../../lib/addr/ip.ts";
import { linkLocal } from "../../../lib/addr/mac.ts";
import { prefixAddress } from "../../../lib/addr/prefix.ts";
import { releaseLease } from "../../../lib/dhcp/obtain-lease.ts";
import { releaseLease6 } from "../../../lib/dhcp/obtain-lease6.ts";
import type { DhcpSocket } from "../../../lib/dhcp/socket.ts";
import type { DhcpBackend } from "../../../lib/seam/dhcp-backend.ts";
import type { DhcpRow } from "../../../lib/state/rows.ts";
import type { Store } from "../../../lib/state/store.ts";
import type { IpamContext } from "../context.ts";

/** Gives back what the attachment has; a server that is not reached learns it when the time is over. */
export function dhcpDel(key: string, store: Store, context: IpamContext): void {
  const held = store.dhcp.held(key);
  for (const row of held) {
    try {
      const socket = context.dhcp && socketFor(row, context.dhcp);
      if (socket !== undefined) giveBack(row, socket, Math.random);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      context.log.warn(`the DHCP server was not told that ${leasedAddress(row)} is free again: ${why}`);
    }
  }
  if (held.length > 0) store.dhcp.remove(key);
}

/** By the vNIC where it is there still, else by what it hung on: frames of its MAC leave there too. */
function socketFor({ device, netns, ifname, family }: DhcpRow, access: DhcpBackend): DhcpSocket | undefined {
  return device === "" ? access.openLink(netns, ifname, family)?.socket : access.openHost(device, family);
}

/** Without a word that is waited for. */
export function giveBack(row: DhcpRow, socket: DhcpSocket, random: () => number): void {
  if (row.family === 4) releaseLease(socket, row.lease, { ...row, random });
  else {
    const { mac, clientId, key, lease } = row;
    releaseLease6(socket, lease, { mac, linkLocal: linkLocal(mac), duid: clientId, key, random });
  }
}

export const leasedAddress = (row: DhcpRow): Ip =>
  row.family === 4 ? prefixAddress(row.lease.address) : row.lease.address;
