import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { linkLocal, mac } from "../../../../lib/addr/mac.ts";
import { duid } from "../../../../lib/dhcp/client-id.ts";
import { forever } from "../../../../lib/dhcp/lease.ts";
import { type Client6, type Event6, type Step6, start6, step6 } from "../../../../lib/dhcp/v6/client.ts";
import type { Message6 } from "../../../../lib/dhcp/v6/message.ts";
import type { Association, Options6 } from "../../../../lib/dhcp/v6/options.ts";

const own = mac("02:00:00:00:00:02");
const client: Client6 = {
  mac: own,
  linkLocal: linkLocal(own),
  duid: duid("0123456789abcdef0123456789abcdef"),
  iaid: 7,
  random: () => 0.5,
};
const [one, two] = [Uint8Array.of(0, 1), Uint8Array.of(0, 2)];
const address = { address: ip("fd09::10"), preferredSeconds: 80, validSeconds: 100 };
const lent: Association = { iaid: 7, t1Seconds: 0, t2Seconds: 0, addresses: [address] };
const kinds = ["", "solicit", "advertise", "request", "", "renew", "rebind", "reply", "release", "decline"];

/** A client whose clock a test moves by hand. */
function begun() {
  let nowMs = 0;
  let step: Step6 = start6(client, nowMs);
  const log: string[] = [];
  const take = (next: Step6): Step6 => {
    step = next;
    for (const { type, options } of next.sends)
      log.push(`${Math.round(nowMs)} ${kinds[type]}${options.serverId ? ` ${options.serverId[1]}` : ""}`);
    return next;
  };
  const xid = (): number => ("exchange" in step.state ? step.state.exchange.xid : -1);
  take(step);
  return {
    log,
    state: () => step.state,
    at: (ms: number) => {
      while (step.nextMs <= ms) {
        nowMs = step.nextMs;
        const next = take(step6(client, step.state, "time", nowMs));
        if (next.outcome !== undefined) return next;
      }
      nowMs = ms;
      return step;
    },
    event: (event: Event6) => take(step6(client, step.state, event, nowMs)),
    hear: (
      type: "advertise" | "reply",
      serverId: Uint8Array,
      options: Options6 = { associations: [lent] },
      over: Partial<Message6> = {},
    ) =>
      take(
        step6(
          client,
          step.state,
          {
            type: kinds.indexOf(type),
            xid: xid(),
            options: { clientId: client.duid, serverId, ...options },
            ...over,
          },
          nowMs,
        ),
      ),
  };
}

function bound() {
  const made = begun();
  made.hear("advertise", one);
  expect(made.hear("reply", one).outcome).toMatchObject({ kind: "bound", lease: { address: "fd09::10" } });
  return made;
}

describe("a DHCPv6 client", () => {
  it("gets an address by four messages, with the times that the server leaves to it", () => {
    const made = bound();
    expect(made.log).toEqual(["0 solicit", "0 request 1"]);
    expect(made.state()).toMatchObject({
      kind: "bound",
      lease: { server: "0001", renewMs: 40_000, rebindMs: 64_000, preferredMs: 80_000, expiresMs: 100_000 },
    });
  });

  it("asks again, and looks for another server when the first falls silent", () => {
    const made = begun();
    made.at(3500);
    expect(made.log).toEqual(["0 solicit", "1000 solicit", "3000 solicit"]);
    made.hear("advertise", one);
    made.at(3500 + 7000);
    expect(made.log.slice(3)).toEqual([
      "3500 request 1",
      "4500 request 1",
      "6500 request 1",
      "10500 solicit",
    ]);
    made.hear("advertise", two);
    expect(made.log.at(-1)).toBe("10500 request 2");
  });

  it("passes over what is not for it, and servers that have no address", () => {
    const made = begun();
    made.hear("advertise", one, undefined, { xid: 1 });
    made.hear("reply", one);
    made.hear("advertise", one, { associations: [lent], clientId: two });
    made.hear("advertise", one, { associations: [{ ...lent, iaid: 8 }] });
    const none = made.hear("advertise", one, {
      associations: [{ ...lent, addresses: [], status: { code: 2, text: "none" } }],
    });
    // Who waits in vain is told.
    expect(none.outcome).toEqual({ kind: "refused", text: "none" });
    made.hear("advertise", one, {
      associations: [{ ...lent, addresses: [{ ...address, validSeconds: 0 }] }],
    });
    expect(made.state().kind).toBe("soliciting");
    made.hear("advertise", one);
    made.hear("reply", two);
    expect(made.state().kind).toBe("requesting");
  });

  it("renews from its server at T1, asks all at T2, and gives up at the end", () => {
    const made = bound();
    made.at(41_000);
    expect(made.hear("reply", one).outcome).toMatchObject({ kind: "renewed", lease: { obtainedMs: 40_000 } });
    made.log.length = 0;
    const over = made.at(200_000);
    expect(made.log.map((line) => line.split(" ").slice(1).join(" "))).toEqual([
      ...made.log.filter((line) => line.includes("renew")).map(() => "renew 1"),
      ...made.log.filter((line) => line.includes("rebind")).map(() => "rebind"),
      "solicit",
    ]);
    expect(made.log.filter((line) => line.includes("renew")).length).toBeGreaterThan(1);
    expect(made.log.filter((line) => line.includes("rebind")).length).toBeGreaterThan(1);
    expect(over.outcome).toMatchObject({ kind: "expired" });
    expect(made.log.at(-1)).toBe("140000 solicit");
  });

  it("gives the address up when the server takes it back or knows nothing of it", () => {
    for (const change of [
      { addresses: [{ ...address, preferredSeconds: 0, validSeconds: 0 }] },
      { addresses: [], status: { code: 3, text: "no binding" } },
    ]) {
      const made = bound();
      made.at(40_000);
      expect(made.hear("reply", one, { associations: [{ ...lent, ...change }] }).outcome?.kind).toBe(
        "refused",
      );
      expect(made.log.at(-1)).toBe("40000 solicit");
    }
  });

  it("declines an address that somebody has, and asks anew after a pause", () => {
    const made = bound();
    expect(made.event("taken").outcome).toMatchObject({ kind: "declined" });
    made.at(1000);
    expect(made.log.slice(2)).toEqual(["0 decline 1", "1000 solicit"]);
  });

  it("has nothing to renew of a lease without end", () => {
    const made = begun();
    made.hear("advertise", one);
    const endless = { ...address, preferredSeconds: 0xffff_ffff, validSeconds: 0xffff_ffff };
    made.hear("reply", one, { associations: [{ ...lent, addresses: [endless] }] });
    expect(made.state()).toMatchObject({
      lease: { renewMs: forever, rebindMs: forever, expiresMs: forever },
    });
  });
});
