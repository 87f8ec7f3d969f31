import { describe, expect, it } from "vitest";
import { acl } from "./acl-scene.ts";
import { uplink } from "./host.ts";
import { answerAll, isDropped, passes } from "./knock.ts";
import { createLab, dual, other, publish, whyNoNat } from "./nat-lab.ts";
import { seeBridged } from "./siege.ts";

const reason = whyNoNat();
const families = [
  { family: 4, any: "0.0.0.0", trace: "traceroute", host: uplink.host4, outside: uplink.outside4 },
  { family: 6, any: "::", trace: "traceroute6", host: uplink.host6, outside: uplink.outside6 },
] as const;
const ways = families.flatMap((one) => [
  { ...one, bridged: false },
  { ...one, bridged: true },
]);
const title = "IPv$family, bridged packets seen by IP's rules: $bridged";

describe.skipIf(reason !== undefined)(
  `ACLs on the way through the host${reason ? ` (${reason})` : ""}`,
  () => {
    it.each(ways)(
      `name ports of the container where they are published (${title})`,
      async ({ any, host: at, bridged }) => {
        await using lab = await createLab();
        const { host } = lab;
        await seeBridged(host, bridged);
        const policies = [acl("Allow", "In", { Protocols: "6", LocalPorts: "7800" })];
        const runtimeConfig = publish("8080:7800/tcp", "8081:7801/tcp");
        const web = await lab.add({ id: "web", config: { ...dual, policies }, runtimeConfig });
        const [near, far] = [await lab.add(), await lab.add({ config: other })];
        for (const port of [7800, 7801]) await host.echo(web.ns, { protocol: "tcp", address: any, port });
        for (const from of [host.outside, near.ns, far.ns, host.ns]) {
          const knock = { from, protocol: "tcp", to: at } as const;
          expect(await host.answers(from, { protocol: "tcp", address: at, port: 8080 })).toBe(true);
          await isDropped(lab, { ...knock, port: 8081 }, { set: "dropped_acl_in", of: web });
        }
        // The container itself would come in by its own port, from the host.
        await isDropped(
          lab,
          { from: web.ns, protocol: "tcp", to: at, port: 8080 },
          { set: "dropped_acl_out", of: web },
        );
      },
    );

    it.each(ways)(
      `see a published port of others as the host's (${title})`,
      async ({ any, host: at, family, bridged }) => {
        await using lab = await createLab();
        const { host } = lab;
        await seeBridged(host, bridged);
        const server = await lab.add({ runtimeConfig: publish("8080:7802/tcp") });
        await host.echo(server.ns, { protocol: "tcp", address: any, port: 7802 });
        const byHost = [acl("Allow", "Out", { Protocols: "6", RemoteAddresses: at, RemotePorts: "8080" })];
        const byServer = [acl("Allow", "Out", { RemoteAddresses: server[`ip${family}`] })];
        const one = await lab.add({ config: { ...dual, policies: byHost } });
        expect(await host.answers(one.ns, { protocol: "tcp", address: at, port: 8080 })).toBe(true);
        const two = await lab.add({ config: { ...dual, policies: byServer } });
        const knock = { from: two.ns, protocol: "tcp", to: at, port: 8080 } as const;
        await isDropped(lab, knock, { set: "dropped_acl_out", of: two });
        expect(
          await host.answers(two.ns, { protocol: "tcp", address: server[`ip${family}`], port: 7802 }),
        ).toBe(true);
      },
    );

    it.each(ways)(
      `know the answers of a service that others translate (${title})`,
      async ({ any, family, bridged }) => {
        await using lab = await createLab();
        const { host } = lab;
        await seeBridged(host, bridged);
        const [service, word] = family === 4 ? ["10.96.0.1", "ip"] : ["fd00:96::1", "ip6"];
        const server = await lab.add({
          config: { ...dual, policies: [acl("Allow", "In", { Protocols: "6,17", LocalPorts: "7804" })] },
        });
        const client = await lab.add({
          config: { ...dual, policies: [acl("Allow", "Out", { RemoteAddresses: service })] },
        });
        // As kube-proxy does it.
        const to = `${family === 4 ? server.ip4 : `[${server.ip6}]`}:7804`;
        const chain = `add chain ${word} kube services { type nat hook prerouting priority -100; }`;
        const rule = `add rule ${word} kube services ${word} daddr ${service} meta l4proto { tcp, udp } th dport 80`;
        await host.exec(host.ns, "nft", `add table ${word} kube; ${chain}; ${rule} dnat to ${to}`);
        for (const protocol of ["tcp", "udp"] as const) {
          await host.echo(server.ns, { protocol, address: any, port: 7804 });
          const ask = { protocol, address: service, port: 80 } as const;
          expect.soft(await host.answers(client.ns, ask), protocol).toBe(true);
        }
        const knock = { from: client.ns, protocol: "udp", to: server[`ip${family}`], port: 7804 } as const;
        await isDropped(lab, knock, { set: "dropped_acl_out", of: client });
      },
    );

    it.each(families)(
      "name addresses and networks on both sides (IPv$family)",
      async ({ family, outside }) => {
        await using lab = await createLab();
        const { host } = lab;
        await seeBridged(host, true);
        const [peer, stranger] = [await lab.add(), await lab.add()];
        const far = await lab.add({ config: { ...other, reachable: true } });
        const remotes = `${peer[`ip${family}`]}, ${family === 4 ? "192.0.2.0/25" : "2001:db8::/64"}`;
        const policies = [
          acl("Block", "Out", { RemoteAddresses: outside, Protocols: "6", RemotePorts: "81", Priority: 1 }),
          acl("Allow", "Out", { RemoteAddresses: remotes, Priority: 2 }),
          acl("Allow", "In", {
            LocalAddresses: "10.61.0.0/24,fd00:61::/64",
            RemoteAddresses: peer[`ip${family}`],
          }),
          acl("Allow", "In", { LocalAddresses: "10.99.0.0/16,fd00:99::/64", Protocols: "17" }),
        ];
        const box = await lab.add({ id: "box", config: { ...dual, policies } });
        await answerAll(lab, box.ns, peer.ns, stranger.ns, far.ns, host.ns, host.outside);
        const out = { set: "dropped_acl_out", of: box } as const;
        const into = { set: "dropped_acl_in", of: box } as const;
        const from = box.ns;
        const own = box[`ip${family}`];
        for (const protocol of ["tcp", "udp", "ping"] as const) {
          const port = protocol === "ping" ? {} : { port: 80 };
          await passes(lab, { from, protocol, to: peer[`ip${family}`], ...port });
          await passes(lab, { from, protocol, to: outside, ...port });
          await isDropped(lab, { from, protocol, to: stranger[`ip${family}`], ...port }, out);
          await isDropped(lab, { from, protocol, to: far[`ip${family}`], ...port }, out);
          await isDropped(lab, { from, protocol, to: box[`gateway${family}`], ...port }, out);
          await passes(lab, { from: peer.ns, protocol, to: own, ...port });
          await isDropped(lab, { from: stranger.ns, protocol, to: own, ...port }, into);
          await isDropped(lab, { from: host.ns, protocol, to: own, ...port }, into);
        }
        await isDropped(lab, { from, protocol: "tcp", to: outside, port: 81 }, out);
        await passes(lab, { from, protocol: "udp", to: outside, port: 81 });
      },
    );

    it.each(families)(
      "let routers say that a packet is too big (IPv$family)",
      async ({ family, outside }) => {
        await using lab = await createLab();
        const { host } = lab;
        const policies = [acl("Allow", "Out", { Protocols: "6", RemotePorts: "7803" })];
        const box = await lab.add({ id: "box", config: { ...dual, policies } });
        // Behind it the way is narrower than either end knows.
        await host.exec(host.ns, "ip", "link", "set", "eth0", "mtu", "1300");
        const listen = family === 4 ? "TCP4-LISTEN:7803" : "TCP6-LISTEN:7803";
        const server = host.start(host.outside, ["sh", "-c", `socat -u ${listen} STDOUT | wc -c`]);
        await expect.poll(() => host.exec(host.outside, "ss", "-Hltn", "sport = :7803")).not.toBe("");
        await using told = await host.capture(box.ns, "eth0", "-p -Q in icmp or icmp6");
        const to = family === 4 ? `TCP4:${outside}:7803` : `TCP6:[${outside}]:7803`;
        await host.exec(box.ns, "sh", "-c", `head -c 200000 /dev/zero | socat -u STDIN ${to}`);
        await server.line((line) => line === "200000", "all bytes");
        await told.packet(/need to frag|packet too big/);
      },
    );

    it.each(families)(
      "let routers say that time is exceeded (IPv$family)",
      async ({ trace, family, outside }) => {
        await using lab = await createLab();
        const { host } = lab;
        const box = await lab.add({
          id: "box",
          config: { ...dual, policies: [acl("Allow", "Out", { Protocols: "17" })] },
        });
        await answerAll(lab, host.ns, host.outside);
        const words = ["busybox", trace, "-n", "-q", "1", "-w", "3", "-m", "2", outside];
        const traced = await host.run(box.ns, words);
        expect(traced.stdout).toMatch(new RegExp(`1 +${box[`gateway${family}`]} .*\n.*2 +${outside} `));
      },
    );
  },
);
