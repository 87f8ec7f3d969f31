/**
 * Keeps leases of DHCP servers: renews them in time, and lets go of what is over.
 *
 * It never waits: a tick sends what is due and takes what came. All it knows is in the state file, so it may end and
 * begin again at any time.
 */
import type { Session } from "../../../../lib/dhcp/session.ts";
import type { DhcpSocket } from "../../../../lib/dhcp/socket.ts";
import type { DhcpLink, LeaseSettings } from "../../../../lib/seam/dhcp-backend.ts";
import type { DhcpRow } from "../../../../lib/state/rows.ts";
import { giveBack } from "../../../ipam/dhcp/give-back.ts";
import { type AnyLease, overdue, resumed, settingsOf, withLease } from "./lease-kinds.ts";

/** What the keeper asks of its host. */
export interface KeeperHost {
  rows(): readonly DhcpRow[];
  /** Whether its endpoint or its compartment is gone. */
  isGone(row: DhcpRow): boolean;
  /** @returns undefined when compartment or vNIC are gone */
  openLink(row: DhcpRow): DhcpLink | undefined;
  openHost(row: DhcpRow): DhcpSocket | undefined;
  /**
   * Keeps the row, and what changes of the plan with it.
   *
   * @returns false when DEL removed it in between
   */
  save(row: DhcpRow, before: LeaseSettings | undefined, after: LeaseSettings | undefined): boolean;
  forget(row: DhcpRow): void;
  /** Milliseconds since 1970. */
  now(): number;
  random(): number;
  say(row: DhcpRow, text: string): void;
  /** What went wrong with one lease: the others have their turn. */
  warn(row: DhcpRow, error: unknown): void;
}

export interface DhcpKeeper {
  /** Does what is due. */
  tick(): void;
  /** When the next tick is due at the latest. */
  nextMs(): number;
  close(): void;
}

/** ADD and DEL change the state while this one looks elsewhere. */
const lookEveryMs = 2000;
/** Answers come within milliseconds, or late. */
const pace = { eagerMs: 20, eagerForMs: 2000, calmMs: 500 } as const;
/** After a failure. */
const pauseMs = 10_000;

interface Work {
  row: DhcpRow;
  readonly link: DhcpLink;
  session: Session<AnyLease>;
  askedMs: number;
  /** What the vNIC has of the lease; absent after it was taken away. */
  settings: LeaseSettings | undefined;
}

export function dhcpKeeper(host: KeeperHost): DhcpKeeper {
  const work = new Map<string, Work>();
  /** Rows that were gone at the last look, and failures: until when they are left alone. */
  const pausedUntilMs = new Map<string, number>();
  const goneBefore = new Set<string>();
  let lookMs = 0;
  let dueMs = Number.POSITIVE_INFINITY;

  const end = (id: string): void => {
    work.get(id)?.link.close();
    work.delete(id);
  };
  const guarded = (row: DhcpRow, fn: () => void): void => {
    try {
      fn();
    } catch (error) {
      host.warn(row, error);
      end(idOf(row));
      pausedUntilMs.set(idOf(row), host.now() + pauseMs);
    }
  };

  const look = (nowMs: number): void => {
    const rows = host.rows();
    const ids = new Set(rows.map(idOf));
    for (const id of [...work.keys(), ...pausedUntilMs.keys(), ...goneBefore])
      if (!ids.has(id)) {
        end(id);
        pausedUntilMs.delete(id);
        goneBefore.delete(id);
      }
    dueMs = Number.POSITIVE_INFINITY;
    for (const row of rows) guarded(row, () => visit(row, nowMs));
  };
  const visit = (row: DhcpRow, nowMs: number): void => {
    const id = idOf(row);
    if (host.isGone(row)) {
      // DEL may be at work: it gives the address back itself.
      if (goneBefore.has(id)) release(row);
      goneBefore.add(id);
      return;
    }
    goneBefore.delete(id);
    const startMs = Math.max(row.lease.renewMs, pausedUntilMs.get(id) ?? 0);
    if (work.has(id)) return;
    if (nowMs < startMs) dueMs = Math.min(dueMs, startMs);
    else begin(row, nowMs);
  };
  const release = (row: DhcpRow): void => {
    end(idOf(row));
    const socket = row.lease.expiresMs > host.now() ? host.openHost(row) : undefined;
    try {
      if (socket !== undefined) giveBack(row, socket, host.random);
    } finally {
      socket?.close();
    }
    host.forget(row);
    host.say(row, `${row.lease.address}: its container is gone, given back`);
  };
  const begin = (row: DhcpRow, nowMs: number): void => {
    const link = host.openLink(row);
    // The next look finds it gone, or back again.
    if (link === undefined) return;
    const session = resumed(row, link, nowMs, host.random);
    const one: Work = { row, link, session, askedMs: nowMs, settings: settingsOf(row) };
    work.set(idOf(row), one);
    act(one, nowMs);
  };

  /** Does what the last step of the session brought. */
  const act = (one: Work, nowMs: number): void => {
    const { sends, outcome } = one.session;
    for (const datagram of sends) one.link.socket.send(datagram);
    if (sends.length > 0) one.askedMs = nowMs;
    switch (outcome?.kind) {
      case "bound":
      case "renewed":
        hold(one, outcome.lease);
        break;
      case "refused":
      case "expired":
        letGo(one, outcome.kind === "refused" ? "the server took it back" : "it is over", nowMs);
    }
  };
  const hold = (one: Work, lease: AnyLease): void => {
    const [before, row] = [one.settings, withLease(one.row, lease)];
    const after = settingsOf(row);
    end(idOf(row));
    if (!host.save(row, before, after)) return;
    dueMs = Math.min(dueMs, lease.renewMs);
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    const link = host.openLink(row);
    try {
      link?.apply(before, after);
    } finally {
      link?.close();
    }
    host.say(row, `${after.address}: ${sayChange(before, after)}`);
  };
  const letGo = (one: Work, why: string, nowMs: number): void => {
    const { settings } = one;
    if (settings === undefined) return;
    one.settings = undefined;
    const row = overdue(one.row, nowMs);
    if (!host.save(row, settings, undefined)) {
      end(idOf(row));
      return;
    }
    one.row = row;
    one.link.apply(settings, undefined);
    host.say(row, `${settings.address}: ${why}, it is taken from the interface`);
  };

  const proceed = (id: string, one: Work): void => {
    for (;;) {
      const datagram = one.link.socket.receive(0);
      const nowMs = host.now();
      if (datagram === undefined && nowMs < one.session.nextMs) return;
      one.session = one.session.step(datagram ?? "time", nowMs);
      act(one, nowMs);
      if (work.get(id) !== one) return;
    }
  };

  return {
    tick() {
      const nowMs = host.now();
      if (nowMs >= Math.min(lookMs, dueMs)) {
        lookMs = nowMs + lookEveryMs;
        look(nowMs);
      }
      for (const [id, one] of [...work]) guarded(one.row, () => proceed(id, one));
    },
    nextMs() {
      const nowMs = host.now();
      const paces = [...work.values()].map(({ askedMs, session }) => {
        const wait = nowMs - askedMs < pace.eagerForMs ? pace.eagerMs : pace.calmMs;
        return Math.min(session.nextMs, nowMs + wait);
      });
      return Math.min(lookMs, dueMs, ...paces);
    },
    close() {
      for (const id of [...work.keys()]) end(id);
    },
  };
}

export const idOf = ({ key, family }: Pick<DhcpRow, "key" | "family">): string => `${key}/${family}`;

function sayChange(before: LeaseSettings | undefined, after: LeaseSettings): string {
  if (before === undefined) return "got";
  return before.address === after.address ? "its routes or MTU changed" : `got in place of ${before.address}`;
}
