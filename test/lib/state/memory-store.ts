/** The store as slow, obvious code: the twin that the SQLite one is compared with. */
import { type Ip, ipFamily, ipFromNumber, ipNumber, isUnspecified } from "../../../lib/addr/ip.ts";
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import { formatOwner } from "../../../lib/model/owner.ts";
import type { DirectorySnapshot } from "../../../lib/model/peer.ts";
import type { BlockRow } from "../../../lib/state/blocks.ts";
import type { FixedRow } from "../../../lib/state/fixed.ts";
import type { PoolRow } from "../../../lib/state/pools.ts";
import type {
  AddressInterval,
  DhcpRow,
  EndpointRow,
  Lease,
  NetworkRow,
  PortClaim,
} from "../../../lib/state/rows.ts";
import type { Store } from "../../../lib/state/store.ts";

interface State {
  boot: string;
  networks: NetworkRow[];
  endpoints: EndpointRow[];
  ports: (PortClaim & { owner: string })[];
  leases: Lease[];
  dhcp: DhcpRow[];
  directories: Record<string, DirectorySnapshot>;
  pools: PoolRow[];
  blocks: BlockRow[];
  fixed: FixedRow[];
  /** Oldest release first. */
  released: { network: string; address: Ip; releasedMs: number }[];
}

/** What several stores on one folder share. */
export function memoryState(): State {
  return {
    boot: "",
    networks: [],
    endpoints: [],
    ports: [],
    leases: [],
    dhcp: [],
    directories: {},
    pools: [],
    blocks: [],
    fixed: [],
    released: [],
  };
}

export function memoryStore(state: State, bootId: string, now: () => number): Store {
  let depth = 0;
  const transaction = <T>(fn: () => T): T => {
    if (depth > 0) return fn();
    const before = structuredClone(state);
    depth++;
    try {
      return fn();
    } catch (error) {
      Object.assign(state, before);
      throw error;
    } finally {
      depth--;
    }
  };
  const sweep = (): void => {
    if (state.boot === bootId) return;
    state.boot = bootId;
    const old = state.leases.filter((lease) => lease.bootId !== bootId);
    old.sort((a, b) => a.takenMs - b.takenMs || compare(a.address, b.address));
    state.released.push(
      ...old.map(({ network, address, takenMs }) => ({ network, address, releasedMs: takenMs })),
    );
    state.leases = state.leases.filter((lease) => lease.bootId === bootId);
    const gone = state.endpoints.filter((row) => row.bootId !== bootId).map((row) => row.key);
    state.endpoints = state.endpoints.filter((row) => row.bootId === bootId);
    state.ports = state.ports.filter((port) => !gone.includes(port.owner));
    state.dhcp = state.dhcp.filter((row) => row.bootId === bootId);
  };
  const isSame = (a: DhcpRow, b: DhcpRow): boolean => a.key === b.key && a.family === b.family;
  const putDhcp = (row: DhcpRow): void => {
    state.dhcp = [...state.dhcp.filter((other) => !isSame(other, row)), row];
  };
  const dhcpList = (): DhcpRow[] =>
    state.dhcp.toSorted((a, b) => (a.key === b.key ? a.family - b.family : a.key < b.key ? -1 : 1));
  const withoutBlock = (network: string, prefix: string): BlockRow[] =>
    state.blocks.filter((row) => row.network !== network || row.prefix !== prefix);
  const withoutFixed = (network: string, address: Ip): FixedRow[] =>
    state.fixed.filter((row) => row.network !== network || row.address !== address);
  return {
    // Nobody else writes.
    version: () => 0,
    dataDir: "/memory",
    bootId,
    transaction,
    networks: {
      get: (name) => state.networks.find((row) => row.name === name),
      put: (row) => {
        state.networks = [...state.networks.filter((other) => other.name !== row.name), row];
      },
      remove: (name) => {
        state.networks = state.networks.filter((row) => row.name !== name);
      },
      list: () => state.networks.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    },
    endpoints: {
      get: (key) => state.endpoints.find((row) => row.key === key),
      put: (row) => {
        state.endpoints = [...state.endpoints.filter((other) => other.key !== row.key), row];
      },
      setPhase: (key, phase) => {
        const found = state.endpoints.some((row) => row.key === key);
        state.endpoints = state.endpoints.map((row) => (row.key === key ? { ...row, phase } : row));
        return found;
      },
      remove: (key) => {
        state.endpoints = state.endpoints.filter((row) => row.key !== key);
        state.ports = state.ports.filter((port) => port.owner !== key);
      },
      list: (network) =>
        state.endpoints
          .filter((row) => network === undefined || row.network === network)
          .toSorted((a, b) => a.createdMs - b.createdMs || (a.key < b.key ? -1 : 1)),
    },
    ports: {
      claim: (owner, claims) => {
        if (claims.length === 0) return;
        sweep();
        for (const claim of claims) {
          const held = state.ports.find((port) => port.owner !== owner && collide(port, claim));
          if (held === undefined) continue;
          const row = state.endpoints.find(({ key }) => key === held.owner);
          const holder = row === undefined ? held.owner : formatOwner(row);
          throw new CniError(errorCode.portTaken, `host port ${held.hostPort}/${held.protocol}: ${holder}`, {
            reason: "port-taken",
          });
        }
        state.ports.push(...claims.map((claim) => ({ ...claim, owner })));
      },
      release: (owner) => {
        state.ports = state.ports.filter((port) => port.owner !== owner);
      },
    },
    leases: {
      held: (key) => state.leases.filter((lease) => lease.key === key),
      holder: (network, address) =>
        state.leases.find((lease) => lease.network === network && lease.address === address),
      list: (network) =>
        state.leases
          .filter((lease) => network === undefined || lease.network === network)
          .toSorted((a, b) =>
            a.network < b.network ? -1 : a.network > b.network ? 1 : compare(a.address, b.address),
          ),
      takeNext: (owner, intervals) => {
        if (intervals.length === 0) return undefined;
        sweep();
        const used = (address: Ip): boolean =>
          [...state.leases, ...state.released].some(
            (row) => row.network === owner.network && row.address === address,
          );
        const lease = { bootId, takenMs: now() };
        for (const address of intervals.flatMap(addresses)) {
          if (used(address)) continue;
          state.leases.push({ ...owner, ...lease, address });
          return { address };
        }
        const index = state.released.findIndex(
          ({ network, address }) =>
            network === owner.network && intervals.flatMap(addresses).includes(address),
        );
        const [released] = index < 0 ? [] : state.released.splice(index, 1);
        if (released === undefined) return undefined;
        state.leases.push({ ...owner, ...lease, address: released.address });
        return { address: released.address, restedMs: now() - released.releasedMs };
      },
      take: (owner, address) => {
        sweep();
        const { network } = owner;
        const holder = state.leases.find((lease) => lease.network === network && lease.address === address);
        if (holder?.key === owner.key) return;
        if (holder !== undefined)
          throw new CniError(errorCode.addressTaken, `${address} is taken by ${formatOwner(holder)}`, {
            reason: "address-taken",
          });
        state.released = state.released.filter((row) => row.network !== network || row.address !== address);
        state.leases.push({ ...owner, address, bootId, takenMs: now() });
      },
      renew: ({ key, netns }) => {
        state.leases = state.leases.map((lease) =>
          lease.key === key ? { ...lease, bootId, netns, takenMs: now() } : lease,
        );
      },
      release: (key) => {
        const own = state.leases.filter((lease) => lease.key === key);
        own.sort((a, b) => compare(a.address, b.address));
        state.leases = state.leases.filter((lease) => lease.key !== key);
        state.released.push(...own.map(({ network, address }) => ({ network, address, releasedMs: now() })));
        return own;
      },
      hasFree: (network, intervals) =>
        intervals
          .flatMap(addresses)
          .some(
            (address) =>
              !state.leases.some((lease) => lease.network === network && lease.address === address),
          ),
    },
    dhcp: {
      held: (key) => dhcpList().filter((row) => row.key === key),
      put: (row) => {
        sweep();
        putDhcp(row);
      },
      update: (row) => {
        const there = state.dhcp.some((other) => isSame(other, row));
        if (there) putDhcp(row);
        return there;
      },
      remove: (key, family) => {
        state.dhcp = state.dhcp.filter((row) => row.key !== key || row.family !== (family ?? row.family));
      },
      list: () => dhcpList(),
    },
    directories: {
      get: (network) => state.directories[network],
      put: (network, snapshot) => {
        state.directories = { ...state.directories, [network]: snapshot };
      },
      remove: (network) => {
        const { [network]: _, ...rest } = state.directories;
        state.directories = rest;
      },
    },
    pools: {
      get: (network) => state.pools.find((row) => row.network === network),
      put: (row) => {
        state.pools = [...state.pools.filter(({ network }) => network !== row.network), row];
      },
      list: () => state.pools.toSorted((a, b) => (a.network < b.network ? -1 : 1)),
    },
    blocks: {
      list: (network) =>
        state.blocks
          .filter((row) => network === undefined || row.network === network)
          .toSorted(
            (a, b) => order(a.network, b.network) || a.claimedMs - b.claimedMs || order(a.prefix, b.prefix),
          ),
      put: (row) => {
        state.blocks = [...withoutBlock(row.network, row.prefix), row];
      },
      remove: (network, prefix) => {
        state.blocks = withoutBlock(network, prefix);
      },
    },
    fixed: {
      get: (network, address) =>
        state.fixed.find((row) => row.network === network && row.address === address),
      list: (network) =>
        state.fixed
          .filter((row) => network === undefined || row.network === network)
          .toSorted((a, b) => order(a.network, b.network) || compare(a.address, b.address)),
      put: (row) => {
        state.fixed = [...withoutFixed(row.network, row.address), row];
      },
      remove: (network, address) => {
        state.fixed = withoutFixed(network, address);
      },
    },
    close: () => undefined,
  };
}

function collide(a: PortClaim, b: PortClaim): boolean {
  const any = ({ hostIp }: PortClaim): boolean => hostIp === undefined || isUnspecified(hostIp);
  if (a.hostPort !== b.hostPort || a.protocol !== b.protocol || a.family !== b.family) return false;
  return any(a) || any(b) || a.hostIp === b.hostIp;
}

function addresses({ first, last }: AddressInterval): Ip[] {
  const all: Ip[] = [];
  for (let n = ipNumber(first); n <= ipNumber(last); n++) all.push(ipFromNumber(ipFamily(first), n));
  return all;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** IPv4 before IPv6, as the mapped form has it for the addresses of these tests. */
function compare(a: Ip, b: Ip): number {
  return ipFamily(a) - ipFamily(b) || (ipNumber(a) < ipNumber(b) ? -1 : 1);
}
