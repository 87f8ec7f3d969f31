import { describe, expect, it } from "vitest";
import { mac } from "../../../../lib/addr/mac.ts";
import type { Datagram, DhcpSocket } from "../../../../lib/dhcp/socket.ts";
import { decodeMessage, encodeMessage } from "../../../../lib/dhcp/v4/message.ts";
import type { DhcpLink, LeaseSettings } from "../../../../lib/seam/dhcp-backend.ts";
import type { DhcpRow } from "../../../../lib/state/rows.ts";
import { dhcpKeeper, type KeeperHost } from "../../../../plugins/vswitch/agent/dhcp/keeper.ts";
import { type FakeServer, fakeServer } from "../../../lib/dhcp/v4/fake-server.ts";
import { dhcpRow4 } from "../../../lib/state/fixture-values.ts";

const began = 1_000_000;

/** A host with one lease of this server, whose T1 is over in 10 s. */
function world(server: FakeServer = fakeServer({ number: 1, leaseSeconds: 100, authoritative: true })) {
  const times = {
    obtainedMs: began,
    renewMs: began + 10_000,
    rebindMs: began + 50_000,
    expiresMs: began + 100_000,
  };
  const known = dhcpRow4("web");
  const seen = {
    nowMs: began,
    rows: [
      { ...known, lease: { ...known.lease, server: server.id, serverMac: server.mac, ...times } },
    ] as DhcpRow[],
    gone: false,
    silent: false,
    /** What openLink does. */
    link: (): DhcpLink | undefined => link(),
    said: [] as string[],
    applied: [] as (string | undefined)[][],
    sent: 0,
    open: 0,
  };
  const queue: Datagram[] = [];
  const socket = (): DhcpSocket => {
    seen.open++;
    return {
      send(datagram) {
        seen.sent++;
        const answer = seen.silent ? undefined : server.answer(decodeMessage(datagram.payload), seen.nowMs);
        if (answer === undefined) return;
        queue.push({ ...datagram, sourceMac: server.mac, payload: encodeMessage(answer) });
      },
      receive: () => queue.shift(),
      close: () => void seen.open--,
    };
  };
  const link = (): DhcpLink => {
    const own = socket();
    const apply = (...both: (LeaseSettings | undefined)[]) =>
      void seen.applied.push(both.map((one) => one?.address));
    return {
      mac: mac("02:00:00:00:00:02"),
      linkLocal: undefined,
      awaitLinkLocal: () => {
        throw new Error("no link-local address on a LAN of IPv4");
      },
      isTaken: () => false,
      socket: own,
      apply,
      close: own.close,
    };
  };
  const host: KeeperHost = {
    rows: () => seen.rows,
    isGone: () => seen.gone,
    openLink: () => seen.link(),
    openHost: socket,
    save: (row) => {
      if (seen.rows.length === 0) return false;
      seen.rows = [row];
      return true;
    },
    forget: () => {
      seen.rows = [];
    },
    now: () => seen.nowMs,
    random: Math.random,
    say: (_, text) => seen.said.push(text),
    warn: (_, error) => seen.said.push(String(error)),
  };
  const keeper = dhcpKeeper(host);
  const run = (untilMs: number) => {
    let ticks = 0;
    for (; seen.nowMs <= untilMs; ticks++) {
      keeper.tick();
      const next = keeper.nextMs();
      expect(next).toBeGreaterThan(seen.nowMs);
      seen.nowMs = next;
    }
    return ticks;
  };
  const lent = () => seen.rows[0]?.lease;
  server.lentUntilMs.set(known.lease.address.split("/")[0] as never, began + 100_000);
  return { seen, keeper, run: (ms: number) => run(began + ms), lent, server };
}

describe("the keeper of DHCP leases", () => {
  it("does nothing before T1, then renews, and leaves no socket open", () => {
    const { seen, run, lent } = world();
    run(9_900);
    expect(seen.sent).toBe(0);
    run(10_500);
    expect(lent()?.expiresMs).toBeGreaterThan(began + 109_000);
    // This server has a router, which the lease from before had not.
    const told = ["10.9.0.10/24: its routes or MTU changed"];
    const applied = [["10.9.0.10/24", "10.9.0.10/24"]];
    expect([seen.sent, seen.open, seen.applied, seen.said]).toEqual([1, 0, applied, told]);
    run(70_000);
    expect([seen.sent, seen.open, seen.applied, seen.said]).toEqual([2, 0, applied, told]);
  });

  it("takes an address away that is over, and looks for another without hurry", () => {
    const { seen, run } = world();
    seen.silent = true;
    const ticks = run(400_000);
    expect(seen.applied).toEqual([["10.9.0.10/24", undefined]]);
    expect(seen.said).toEqual(["10.9.0.10/24: it is over, it is taken from the interface"]);
    expect(seen.sent).toBeLessThan(30);
    expect(ticks).toBeLessThan(4000);
    seen.silent = false;
    run(500_000);
    expect(seen.applied.at(-1)).toEqual([undefined, expect.stringMatching(/^10\./)]);
  });

  it("brings nothing back that DEL removes while the server thinks", () => {
    const { seen, run } = world();
    const save = seen.rows;
    seen.silent = true;
    run(10_100);
    expect(seen.open).toBe(1);
    seen.rows = [];
    run(20_000);
    expect([seen.rows, seen.open, seen.applied]).toEqual([[], 0, []]);
    expect(save).toHaveLength(1);
  });

  it("gives back what is gone, but not at the first look: DEL may be at work", () => {
    const { seen, run, server } = world();
    seen.gone = true;
    run(1000);
    expect(seen.sent).toBe(0);
    run(5000);
    expect([seen.sent, seen.rows, seen.open, server.lentUntilMs.size]).toEqual([1, [], 0, 0]);
  });

  it("goes on with the others, and tries again later, when one cannot be asked about", () => {
    const { seen, run, lent } = world();
    const { link } = seen;
    let tries = 0;
    seen.link = () => {
      tries++;
      throw new Error("no permission");
    };
    run(29_000);
    expect(tries).toBe(2);
    expect(seen.said).toEqual(["Error: no permission", "Error: no permission"]);
    seen.link = link;
    run(45_000);
    expect(lent()?.obtainedMs).toBeGreaterThan(began + 29_000);
  });
});
