/** The settings that links of every kind have, when they are made and later (linux/if_link.h). */
import { type Mac, macBytes } from "../../addr/mac.ts";
import { bytes, u32 } from "../attr.ts";
import { IFLA_ADDRESS, IFLA_GROUP, IFLA_MASTER, IFLA_MTU, IFLA_TXQLEN } from "./ifinfo.ts";

export interface LinkSettings {
  readonly mtu?: number;
  /** Packets. */
  readonly txQueueLength?: number;
  readonly mac?: Mac;
  /** Index of the bridge to be a port of; 0 for none. */
  readonly master?: number;
  /** A number for links that `deleteGroup` deletes together; 0 is that of all others. */
  readonly group?: number;
}

/** In the order of `ip link ... mtu txqueuelen address master group`. */
export function encodeSettings({ mtu, txQueueLength, mac, master, group }: LinkSettings): Uint8Array[] {
  const parts: Uint8Array[] = [];
  if (mtu !== undefined) parts.push(u32(IFLA_MTU, mtu));
  if (txQueueLength !== undefined) parts.push(u32(IFLA_TXQLEN, txQueueLength));
  if (mac !== undefined) parts.push(bytes(IFLA_ADDRESS, macBytes(mac)));
  if (master !== undefined) parts.push(u32(IFLA_MASTER, master));
  if (group !== undefined) parts.push(u32(IFLA_GROUP, group));
  return parts;
}

/** The same in words, with a leading blank. */
export function settingsTitle({ mtu, txQueueLength, mac, master, group }: LinkSettings): string {
  const words: string[] = [];
  if (mtu !== undefined) words.push(` mtu ${mtu}`);
  if (txQueueLength !== undefined) words.push(` txqueuelen ${txQueueLength}`);
  if (mac !== undefined) words.push(` address ${mac}`);
  if (master !== undefined) words.push(master === 0 ? " nomaster" : ` master index ${master}`);
  if (group !== undefined) words.push(` group ${group}`);
  return words.join("");
}
