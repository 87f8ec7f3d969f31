import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import { clientId } from "../../../../lib/dhcp/client-id.ts";
import { messageType } from "../../../../lib/dhcp/v4/message.ts";
import type { Client4 } from "../../../../lib/dhcp/v4/state.ts";
import { seed } from "../../seed.ts";
import { fakeServer } from "./fake-server.ts";
import { type Network, type NetworkOptions, network } from "./network.ts";

const client: Client4 = {
  mac: mac("02:00:00:00:00:02"),
  clientId: clientId("0123456789abcdef0123456789abcdef"),
  hostname: "web",
  random: () => 0.5,
};
const server = (over: Partial<Parameters<typeof fakeServer>[0]> = {}) =>
  fakeServer({ number: 1, leaseSeconds: 1000, ...over });
const began = 1_000_000;
const bound = (options: Partial<NetworkOptions> = {}): Network => {
  const made = network({ client, servers: [server()], ...options });
  expect(made.run(began + 60_000, "bound")).toBeDefined();
  return made;
};
const typeName = Object.fromEntries(Object.entries(messageType).map(([name, number]) => [number, name]));
const story = ({ sent }: Network) =>
  sent.map(({ atMs, message, to }) => {
    const { type = 0, requested, server } = message.options;
    const words = [atMs - began, typeName[type], requested, server && `of ${server}`, to?.mac];
    return words.filter((word) => word !== undefined).join(" ");
  });

describe("a DHCPv4 client", () => {
  it("gets a lease by four messages, and its times count from its request", () => {
    const made = bound();
    expect(story(made)).toEqual(["0 discover", "2 request 10.0.0.10 of 10.0.0.1"]);
    expect(made.outcomes).toEqual([
      {
        kind: "bound",
        atMs: began + 4,
        lease: {
          address: "10.0.0.10/24",
          gateway: "10.0.0.1",
          routes: [{ destination: "0.0.0.0/0", gateway: "10.0.0.1" }],
          dns: {},
          server: "10.0.0.1",
          serverMac: "02:00:00:00:01:01",
          obtainedMs: began + 2,
          renewMs: began + 2 + 475_000,
          rebindMs: began + 2 + 875_000,
          expiresMs: began + 2 + 1_000_000,
        },
      },
    ]);
    const [first] = made.sent;
    expect(first?.message).toMatchObject({ broadcast: false, options: { hostname: "web" } });
    expect(first?.message.options.parameters?.slice(0, 3)).toEqual([1, 121, 3]);
  });

  it("asks again after 1, 2 and 4 s and so on, wants answers by broadcast in the end, and tells how long it waits", () => {
    const made = network({ client, servers: [] });
    made.run(began + 200_000);
    expect(made.sent.map(({ atMs }) => (atMs - began) / 1000)).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 191]);
    expect(made.sent.map(({ message }) => message.broadcast)).toEqual([false, false, ...Array(7).fill(true)]);
    expect(made.sent.map(({ message }) => message.secs).slice(0, 4)).toEqual([0, 1, 3, 7]);
    expect(made.outcomes).toEqual([]);
  });

  it("waits up to a fifth longer or shorter than that", () => {
    for (const [random, second] of [
      [0, 800],
      [0.999999, 1200],
    ] as const) {
      const made = network({ client: { ...client, random: () => random }, servers: [] });
      made.run(began + 1500);
      expect(Math.round((made.sent[1]?.atMs ?? 0) - began)).toBe(second);
    }
  });

  it("takes the first of two offers, and tells the other server by naming the first", () => {
    const servers = [server(), server({ number: 2 })];
    const made = bound({ servers });
    expect(story(made)).toEqual(["0 discover", "2 request 10.0.0.10 of 10.0.0.1"]);
    made.run(began + 1000);
    expect(servers.map(({ lentUntilMs }) => lentUntilMs.size)).toEqual([1, 0]);
  });

  it("looks for another server when the one that offered falls silent", () => {
    const [dying, other] = [server(), server({ number: 2 })];
    const hears: NetworkOptions["hears"] = (one, now) => one === (now < began + 2 ? dying : other);
    const made = bound({ servers: [dying, other], hears });
    expect(story(made)).toEqual([
      "0 discover",
      "2 request 10.0.0.10 of 10.0.0.1",
      "1002 request 10.0.0.10 of 10.0.0.1",
      "3002 discover",
      "3004 request 10.0.0.20 of 10.0.0.2",
    ]);
  });

  it("asks for an address that it would like, and takes another where that is not to be had", () => {
    const [kind, other] = [server(), server()];
    kind.lentUntilMs.set(ip("10.0.0.17"), 0);
    const start = { requested: ip("10.0.0.17") };
    expect(bound({ servers: [kind], start }).outcomes).toMatchObject([
      { lease: { address: "10.0.0.17/24" } },
    ]);
    expect(bound({ servers: [other], start }).outcomes).toMatchObject([
      { lease: { address: "10.0.0.10/24" } },
    ]);
  });

  it("asks at once for an address that it had, and begins anew when it is refused or nobody answers", () => {
    const start = { known: ip("10.0.0.17") };
    const remembering = server();
    remembering.lentUntilMs.set(ip("10.0.0.17"), 0);
    expect(story(bound({ servers: [remembering], start }))).toEqual(["0 request 10.0.0.17"]);
    const refused = bound({ servers: [server({ authoritative: true })], start });
    expect(refused.outcomes.map(({ kind }) => kind)).toEqual(["refused", "bound"]);
    expect(refused.nowMs() - began).toBeLessThan(10);
    expect(story(bound({ start }))).toEqual([
      "0 request 10.0.0.17",
      "1000 request 10.0.0.17",
      "3000 discover 10.0.0.17",
      "3002 request 10.0.0.10 of 10.0.0.1",
    ]);
  });

  it("renews at T1 from the server itself, from the address it has", () => {
    const one = server({ renewSeconds: 100, rebindSeconds: 200 });
    const made = bound({ servers: [one] });
    const renewed = made.run(began + 150_000, "renewed");
    expect(renewed).toMatchObject({ lease: { address: "10.0.0.10/24", obtainedMs: began + 100_002 } });
    expect(made.sent[2]).toMatchObject({
      source: "10.0.0.10",
      to: { ip: one.id, mac: one.mac },
      message: { ciaddr: "10.0.0.10" },
    });
    expect(made.sent[2]?.message.options).not.toHaveProperty("server");
    expect(made.sent[2]?.message.options).not.toHaveProperty("requested");
  });

  it("asks all servers from T2 on, and goes on with the one that answers", () => {
    const [first, second] = [server(), server({ number: 2 })];
    second.lentUntilMs.set(ip("10.0.0.10"), 0);
    const hears: NetworkOptions["hears"] = (one, now) => (one === first) === now < began + 10_000;
    const made = bound({ servers: [first, second], hears });
    const renewed = made.run(began + 900_000, "renewed");
    expect(renewed).toMatchObject({ lease: { server: "10.0.0.2", serverMac: second.mac } });
    // Half of what is left each time, a minute at least; then to all.
    const asked = made.sent.slice(2);
    expect(asked.map(({ atMs }) => Math.round((atMs - began) / 1000))).toEqual([475, 675, 775, 835, 875]);
    expect(asked.map(({ to }) => to === undefined)).toEqual([false, false, false, false, true]);
  });

  it("gives the address up when the lease is over, and begins anew", () => {
    const one = server({ leaseSeconds: 20 });
    const made = bound({ servers: [one], hears: (_, now) => now < began + 10 || now > began + 30_000 });
    expect(made.run(began + 100_000, "expired")).toMatchObject({ lease: { address: "10.0.0.10/24" } });
    expect(made.nowMs()).toBe(began + 2 + 20_000);
    expect(made.run(began + 100_000, "bound")).toBeDefined();
  });

  it("gives the address up when the server takes it back, and gets another one at once", () => {
    const one = server({ authoritative: true });
    const made = bound({ servers: [one] });
    one.lentUntilMs.clear();
    one.declined.add(ip("10.0.0.10"));
    expect(made.run(began + 500_000, "refused")).toMatchObject({ server: "10.0.0.1" });
    expect(made.run(made.nowMs() + 10, "bound")).toMatchObject({ lease: { address: "10.0.0.11/24" } });
  });

  it("does not ask a server without a pause that offers and refuses again and again", () => {
    const one = server({ authoritative: true });
    const { answer } = one;
    const mean = {
      ...one,
      answer: (...[message, now]: Parameters<typeof answer>) => {
        const said = answer(message, now);
        return said?.options.type === messageType.ack
          ? { ...said, options: { type: 6, server: one.id } }
          : said;
      },
    };
    const made = network({ client, servers: [mean] });
    made.run(began + 10_000);
    expect(made.outcomes.length).toBeGreaterThan(5);
    expect(made.sent.length).toBeLessThan(25);
  });

  it("declines an address that somebody has, and gets another one, slowly when that comes again", () => {
    const made = bound();
    made.event({ kind: "taken" });
    expect(made.sent.at(-1)?.message).toMatchObject({
      ciaddr: "0.0.0.0",
      options: { type: messageType.decline, requested: "10.0.0.10", server: "10.0.0.1" },
    });
    expect(made.run(began + 60_000, "bound")).toMatchObject({ lease: { address: "10.0.0.11/24" } });
    const before = made.nowMs();
    expect(before - began).toBeLessThan(1100);
    made.event({ kind: "taken" });
    made.run(began + 60_000, "bound");
    expect(made.nowMs() - before).toBeGreaterThan(10_000);
  });

  it("has nothing to renew of a lease without end", () => {
    const made = bound({ servers: [server({ leaseSeconds: 0xffff_ffff })] });
    made.run(began + 1e12);
    expect(made.sent).toHaveLength(2);
  });

  it("passes over what is not for it: other exchanges, MACs and clients, its own kind, offers of nothing", () => {
    const one = server();
    for (const change of [
      { xid: 1 },
      { chaddr: mac("02:00:00:00:00:03") },
      { op: "request" as const },
      { yiaddr: ip("0.0.0.0") },
      { yiaddr: ip("224.0.0.1") },
      { options: { type: 2, server: one.id, leaseSeconds: 9, clientId: Uint8Array.of(1, 2, 3) } },
      { options: { type: 2, leaseSeconds: 9 } },
      { options: { type: 2, server: one.id, leaseSeconds: 0 } },
      { options: { server: one.id } },
    ]) {
      const odd: typeof one = {
        ...one,
        answer: (message, now) => {
          const said = one.answer(message, now);
          return said && { ...said, ...change };
        },
      };
      const made = network({ client, servers: [odd] });
      made.run(began + 5000);
      expect([change, made.state().kind]).toEqual([change, "selecting"]);
    }
  });

  it("goes on asking while others' answers keep coming", () => {
    const made = network({ client, servers: [] });
    const other = { ...(made.sent[0]?.message ?? fail()), op: "reply" as const, xid: 1 };
    for (let ms = 100; ms <= 4000; ms += 100) {
      made.run(began + ms - 1);
      made.event({ kind: "message", message: other, from: mac("02:00:00:00:00:09") });
    }
    expect(made.sent).toHaveLength(3);
  });

  it("never holds an address longer than its server lends it, whatever is lost, late or comes twice", () => {
    // Without bias: numbers that come again would be exchanges that are taken for one another.
    const dice = fc.infiniteStream(fc.noBias(fc.nat(0xffff_ffff)).map((number) => number / 2 ** 32));
    const fate = fc.array(fc.nat(3000), { maxLength: 2 });
    fc.assert(
      fc.property(fc.infiniteStream(fate), dice, (fates, throws) => {
        const servers = [
          server({ leaseSeconds: 30, authoritative: true }),
          server({ number: 2, leaseSeconds: 47, renewSeconds: 5, rebindSeconds: 20 }),
        ];
        const random = () => throws.next().value;
        const made = network({
          client: { ...client, random },
          servers,
          delays: () => fates.next().value,
        });
        for (let second = 1; second < 300; second++) {
          made.run(began + second * 1000);
          const state = made.state();
          if (!("lease" in state)) continue;
          const { lease } = state;
          const address = ip(lease.address.split("/")[0] ?? "");
          const lent = servers.find(({ id }) => id === lease.server)?.lentUntilMs.get(address) ?? 0;
          expect(lease.expiresMs).toBeLessThanOrEqual(lent);
          expect(lease.expiresMs).toBeGreaterThan(made.nowMs() - 1);
          expect([lease.obtainedMs, lease.renewMs, lease.rebindMs, lease.expiresMs]).toEqual(
            [lease.obtainedMs, lease.renewMs, lease.rebindMs, lease.expiresMs].toSorted((a, b) => a - b),
          );
        }
        expect(made.sent.length).toBeLessThan(600);
      }),
      { seed, numRuns: 60 },
    );
  });
});

function fail(): never {
  throw new Error("nothing was sent");
}
