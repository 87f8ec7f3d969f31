/** What the tool says of a guest on a throw-away host, and what the host has of it. */
import { join } from "node:path";
import type { Host } from "../system/host.ts";
import { type Attached, binDir } from "../system/nat-lab.ts";
import type { GuestNic } from "./guest.ts";

/** A host whose state file is at hand. */
export interface Lab {
  readonly host: Host;
  readonly dataDir: string;
}

export async function guestConfig({ host, dataDir }: Lab, id: string, format: string): Promise<string> {
  const words = [join(binDir, "vswitch"), "guest-config", "--container", id, "--format", format];
  return host.exec(host.ns, "env", `VSWITCH_DATA_DIR=${dataDir}`, ...words);
}

export async function guestNics(lab: Lab, id: string): Promise<readonly GuestNic[]> {
  return JSON.parse(await guestConfig(lab, id, "json"));
}

/** What the compartment of an attachment has: addresses of all links but the loopback. */
export async function addressesIn(lab: Lab, { ns }: Attached): Promise<readonly string[]> {
  const links = JSON.parse(await lab.host.exec(ns, "ip", "-j", "address")) as {
    ifname: string;
    addr_info: { local?: string }[];
  }[];
  return links
    .filter(({ ifname }) => ifname !== "lo")
    .flatMap(({ addr_info }) => addr_info.flatMap(({ local }) => local ?? []));
}
