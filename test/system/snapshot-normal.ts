/** Leaves out of `ip -j` what changes without anybody changing it. */

export type Row = Readonly<Record<string, unknown>>;

/** One sorted line per row that the function keeps. Text that is no JSON list gives no line. */
export function rows(text: string, normal: (row: Row) => Row | undefined): readonly string[] {
  const found: unknown = text === "" ? [] : JSON.parse(text);
  if (!Array.isArray(found)) return [];
  return found
    .map((row) => normal(row as Row))
    .filter((row) => row !== undefined && Object.keys(row).length > 0)
    .map((row) => JSON.stringify(row))
    .sort();
}

/** A link: without carrier and queue state, the kernel's own link-local addresses and their life times. */
export function normalLink(row: Row): Row {
  const info = row.linkinfo as Row | undefined;
  const flags = (row.flags as readonly string[] | undefined)?.filter(
    (flag) => !["LOWER_UP", "NO-CARRIER"].includes(flag),
  );
  const addresses = ((row.addr_info ?? []) as readonly Row[])
    .filter((address) => address.scope !== "link")
    .map(normalAddress)
    .map((address) => JSON.stringify(address))
    .sort();
  return {
    ...pick(row, [
      "ifname",
      "ifindex",
      "link",
      "link_netnsid",
      "mtu",
      "master",
      "address",
      "ifalias",
      "txqlen",
    ]),
    flags,
    kind: info?.info_kind,
    data: withoutTimers(info?.info_data as Row | undefined),
    slave: withoutTimers(info?.info_slave_data as Row | undefined),
    addresses,
  };
}

function normalAddress(address: Row): Row {
  const { valid_life_time, preferred_life_time, tentative, dynamic, ...rest } = address;
  return rest;
}

/** What the kernel gives a bridge or a port that nobody configured. */
const usual: Row = {
  priority: 32,
  cost: 2,
  multicast_router: 1,
  learning: true,
  flood: true,
  mcast_flood: true,
  bcast_flood: true,
};

/** Bridge and port settings that somebody set; timers, identifiers and port states move by themselves. */
function withoutTimers(data: Row | undefined): Row | undefined {
  if (data === undefined) return undefined;
  const moving =
    /timer|root|bridge_id|designated|state|topology|group|_cnt$|intvl|_version$|^(id|port|no|local_count|gc)$/;
  const set = Object.entries(data).filter(
    ([key, value]) => !moving.test(key) && value !== (usual[key] ?? false) && value !== 0,
  );
  return Object.fromEntries(set);
}

/** A route: without carrier flags and the seconds it has left; the kernel's link-local and multicast routes are left out. */
export function normalRoute(row: Row): Row | undefined {
  const dst = String(row.dst);
  // Of each subnet where the host forwards IPv6: the kernel adds and drops it in its own time.
  if (row.type === "anycast") return undefined;
  if (/^(fe80:|ff00:|multicast ff)/i.test(dst)) return undefined;
  const { flags, pref, expires, ...rest } = row;
  return rest;
}

/** A neighbour or forwarding entry: only what somebody has set. */
export function normalNeighbour(row: Row): Row | undefined {
  const text = JSON.stringify(row);
  if (!/permanent|static/i.test(text)) return undefined;
  // Multicast groups of the kernel's own listeners and the addresses of the ports themselves.
  if (/"mac":"(33:33|01:00:5e|01:80:c2)/.test(text) || row.flags?.toString() === "self") return undefined;
  return row;
}

function pick(row: Row, keys: readonly string[]): Row {
  return Object.fromEntries(keys.filter((key) => row[key] !== undefined).map((key) => [key, row[key]]));
}
