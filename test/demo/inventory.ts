/** What is on the host, as text: to compare its end with its beginning. */
import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openNetlink } from "../../lib/linux/socket.ts";
import { readSysctl } from "../../lib/linux/sysctl.ts";
import { connect } from "../../lib/netlink/connection.ts";
import { NLM_F_DUMP } from "../../lib/netlink/message.ts";
import { NFPROTO, NFT_MSG_GETTABLE, type NftFamily, nftRequest } from "../../lib/netlink/nft/message.ts";
import { decodeTable } from "../../lib/netlink/nft/table.ts";
import { decodeAddress, dumpAddresses } from "../../lib/netlink/route/address.ts";
import { decodeLink } from "../../lib/netlink/route/decode-link.ts";
import { decodeRoute } from "../../lib/netlink/route/decode-route.ts";
import { dumpLinks } from "../../lib/netlink/route/link.ts";
import { dumpRoutes } from "../../lib/netlink/route/route.ts";
import { stateFileName } from "../../lib/state/store.ts";
import type { Machine } from "./world.ts";

export type Inventory = Readonly<Record<Section, readonly string[]>>;
export const sections = ["links", "addresses", "routes", "nft tables", "leases, ports", "settings"] as const;
export type Section = (typeof sections)[number];

/** @param dataDir where the plugins keep their state */
export function takeInventory({ netlink }: Machine, dataDir: string): Inventory {
  const links = netlink.request(dumpLinks()).map(decodeLink);
  const nameOf = (index: number | undefined) => links.find((link) => link.index === index)?.name ?? "-";
  const addresses = netlink.request(dumpAddresses()).map(decodeAddress);
  // The kernel keeps anycast and multicast routes by itself: the former come and go with IPv6 forwarding.
  const routes = netlink
    .request(dumpRoutes())
    .map(decodeRoute)
    .filter(({ type }) => type === "unicast" || type === "local");
  return {
    links: links.map(({ name, mtu, kind, up }) => `${name} ${kind ?? "-"} mtu ${mtu} ${up ? "up" : "down"}`),
    addresses: addresses.map(({ address, index }) => `${address} on ${nameOf(index)}`),
    routes: routes
      .map(({ dst, gateway, index }) => `${dst} via ${gateway ?? "-"} on ${nameOf(index)}`)
      .sort(),
    "nft tables": nftTables(),
    "leases, ports": rowsOf(dataDir, ["leases", "endpoints", "ports"]),
    settings: settings(links.map(({ name }) => name)),
  };
}

function nftTables(): readonly string[] {
  const rules = connect(openNetlink("netfilter"));
  try {
    const families = Object.keys(NFPROTO) as readonly NftFamily[];
    return families.flatMap((family) => {
      const request = nftRequest(`list tables ${family}`, NFT_MSG_GETTABLE, NLM_F_DUMP, family, []);
      return rules.request(request).map((reply) => `${family} ${decodeTable(reply).table}`);
    });
  } finally {
    rules.close();
  }
}

/** The networks that the state file knows, whether used or not. */
export function knownNetworks(dataDir: string): readonly string[] {
  return rowsOf(dataDir, ["networks"]).map((row) => /"name":"([^"]+)"/.exec(row)?.[1] ?? row);
}

/** Rows of the state file. */
function rowsOf(dataDir: string, tables: readonly string[]): readonly string[] {
  const file = join(dataDir, stateFileName);
  if (!existsSync(file)) return [];
  const database = new Database(file, { readonly: true });
  try {
    return tables.flatMap((table) =>
      database
        .query(`SELECT * FROM ${table}`)
        .all()
        .map((row) => `${table}: ${JSON.stringify(row)}`),
    );
  } finally {
    database.close();
  }
}

/** What a plugin could change on a host. */
function settings(interfaces: readonly string[]): readonly string[] {
  const names = [
    "forwarding",
    "route_localnet",
    "rp_filter",
    "proxy_arp",
    "accept_local",
    "accept_ra",
    "proxy_ndp",
  ];
  const keys = [...new Set(["all", "default", ...interfaces])].flatMap((name) =>
    names.flatMap((key) => [
      ["ipv4", "conf", name, key],
      ["ipv6", "conf", name, key],
    ]),
  );
  const values = [["ipv4", "ip_forward"], ...keys].map((key) => [key.join("."), readSysctl(key)] as const);
  return values.flatMap(([key, value]) => (value === undefined ? [] : `net.${key} = ${value}`));
}

/** What differs, "-" gone and "+" new. */
export function difference(before: readonly string[], after: readonly string[]): readonly string[] {
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ];
}
