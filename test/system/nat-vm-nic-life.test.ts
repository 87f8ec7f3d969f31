import { describe, expect, it } from "vitest";
import { type Guest, killMonitor, openTap, startGuest, tapOf } from "./guest.ts";
import { uplink } from "./host.ts";
import type { MonitorRequest } from "./monitor.ts";
import { type Attached, createLab, dual, type NatLab, whyNoNat } from "./nat-lab.ts";
import { toolOf } from "./tool.ts";

const reason = whyNoNat();
const guestOf = (config: object = {}) => ({ ...dual, vnic: "vmNic", ...config });
const places = [
  ["in the compartment", {}],
  ["on the switch", { vmNicAttach: "switch", tapName: "tap0" }],
] as const;

/** What `vswitch check` and CHECK say of an attachment. */
async function checked(lab: NatLab, attached: Attached): Promise<string> {
  const outcome = await lab.check(attached);
  return outcome.exitCode === 0 ? "" : (JSON.parse(outcome.stdout) as { readonly msg: string }).msg;
}

const reaches = ({ host }: NatLab, { ns }: Guest) => host.answersPing(ns, uplink.outside4);

describe.skipIf(reason !== undefined)(`the tap of a guest${reason ? ` (${reason})` : ""}`, () => {
  it.each(places)("%s is opened again after its monitor was killed", async (_, config) => {
    await using lab = await createLab();
    const attached = await lab.add({ config: guestOf(config) });
    const guest = await startGuest(lab, attached);
    expect(await reaches(lab, guest)).toBe(true);
    await killMonitor(guest);
    expect(await checked(lab, attached)).toBe("");
    const again = await startGuest(lab, attached, {}, guest.ns);
    expect(await reaches(lab, again)).toBe(true);
  });

  it.each(places)(
    "%s is deleted while it is open, and once more, with all that is the guest's",
    async (_, config) => {
      await using lab = await createLab();
      const { host } = lab;
      await lab.add();
      const ns = await host.compartment();
      const [before, empty] = [await host.snapshot(lab.everything), await host.snapshot({}, ns)];
      const attached = await lab.add({ config: guestOf(config), ns });
      const guest = await startGuest(lab, attached);
      expect(await reaches(lab, guest)).toBe(true);
      for (let i = 0; i < 2; i++) {
        await lab.done("DEL", attached);
        expect(await host.changes(before, lab.everything)).toBe("");
        expect(await host.snapshot({}, ns)).toEqual(empty);
      }
    },
  );

  it("cannot be had without /dev/net/tun: STATUS and ADD say so, and nothing is left", async () => {
    await using lab = await createLab();
    const { host } = lab;
    const attached = await lab.add();
    const ns = await host.compartment();
    const before = await host.snapshot(lab.everything);
    const without = 'mount -t tmpfs none /dev/net && exec "$@"';
    const call = { wrap: ["unshare", "--mount", "sh", "-ec", without, "sh"] };
    expect(await lab.refused("STATUS", { config: guestOf(), call })).toMatchObject({ code: 50 });
    const ask = { id: "box", netns: ns.path, config: guestOf(), call };
    expect(await lab.refused("ADD", ask)).toMatchObject({ code: 2, msg: expect.stringContaining("no taps") });
    expect(await host.changes(before, lab.everything)).toBe("");
    await lab.done("STATUS", { config: guestOf() });
    await lab.done("DEL", attached);
  });

  it("is told with the name servers that the result has, those of earlier plugins too", async () => {
    await using lab = await createLab();
    const dns = { nameservers: ["192.0.2.99"], search: ["lab.example"] };
    const attached = await lab.add({ config: guestOf(), prevResult: { cniVersion: "1.1.0", dns } });
    expect(attached.result.dns).toEqual(dns);
    const told = await toolOf(lab)("guest-config", "--container", attached.id);
    expect(JSON.parse(told.stdout)[0].dns).toEqual(dns);
  });

  it("is opened by its user or its group, and by nobody else", async () => {
    await using lab = await createLab();
    const [user, group] = [4107, 4036];
    const answers = async (attached: Attached, who: Partial<MonitorRequest>) =>
      (await openTap(lab, { ...tapOf(attached), ...who })).lines[0];
    for (const [, config] of places) {
      const owned = await lab.add({ config: guestOf({ ...config, owner: user }) });
      expect(await answers(owned, { user, group: 1 })).toBe("open");
      expect(await answers(owned, { user: user + 1 })).toBe("refused EPERM");
      await lab.done("DEL", owned);
      const shared = await lab.add({ config: guestOf({ ...config, group }) });
      expect(await answers(shared, { user: 4999, group })).toBe("open");
      expect(await answers(shared, { user: 4999, group: 4999 })).toBe("refused EPERM");
      await lab.done("DEL", shared);
    }
    // Of root's alone a stranger is not one either.
    const plain = await lab.add({ config: guestOf() });
    expect(await answers(plain, {})).toBe("open");
  });

  it("with several queues works with them, and is refused to whoever knows of one", async () => {
    await using lab = await createLab();
    for (const [, config] of places) {
      const attached = await lab.add({ config: guestOf({ ...config, multiQueue: true }) });
      const single = await openTap(lab, { ...tapOf(attached) });
      expect(single.lines[0]).toBe("refused EINVAL");
      const guest = await startGuest(lab, attached, { queues: 3 });
      for (const address of [attached.gateway4, attached.gateway6, uplink.outside4, uplink.outside6])
        expect(await lab.host.answersPing(guest.ns, address), address).toBe(true);
      await guest.monitor.stop();
      await lab.done("DEL", attached);
    }
  });

  it("carries frames with a header, and without, as its monitor says", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await host.echo(host.outside, { protocol: "tcp", address: uplink.outside4, port: 7000 });
    for (const vnetHeader of [true, false]) {
      const attached = await lab.add({ config: guestOf({ vnetHeader }) });
      const guest = await startGuest(lab, attached, { vnetHeader: !vnetHeader });
      const request = {
        protocol: "tcp",
        address: uplink.outside4,
        port: 7000,
        message: "x".repeat(1_400),
      } as const;
      expect((await host.ask(guest.ns, request)).data).toHaveLength(1_400);
    }
  });
});

type Damage = readonly [what: string, script: string, told: RegExp];
const link = "$(ip -o link | grep -o 'vj-[0-9a-f]*' | head -1)";

const mended: readonly Damage[] = [
  [
    "the way to the guest is gone",
    `tc qdisc del dev ${link} ingress`,
    /way from vj-\S+ to tap eth0: expected present, found absent/,
  ],
  [
    "the way from the guest is gone",
    "tc qdisc del dev eth0 ingress",
    /way from tap eth0 to vj-\S+: expected present, found absent/,
  ],
  [
    "the tap has the guest's address",
    "ip address add 10.61.0.2/24 dev eth0",
    /address 10\.61\.0\.2\/24 of tap eth0: expected absent: the guest alone has addresses, found present/,
  ],
  [
    "the link has an address",
    `ip address add fd00:61::99/64 dev ${link} nodad`,
    /address fd00:61::99\/64 of vj-\S+: expected absent/,
  ],
  [
    "tap and link are down",
    `ip link set eth0 down; ip link set ${link} down`,
    /state of vj-\S+: expected up, found down; .*state of tap eth0: expected up, found down/,
  ],
  ["the tap has another MTU", "ip link set eth0 mtu 1300", /MTU of tap eth0: expected 1500, found 1300/],
];

describe.skipIf(reason !== undefined)(`CHECK of a guest's NIC${reason ? ` (${reason})` : ""}`, () => {
  it("names what is wrong, and repair mends it while the guest runs", { timeout: 30_000 }, async () => {
    await using lab = await createLab();
    const { host } = lab;
    const tool = toolOf(lab);
    const attached = await lab.add({ config: guestOf() });
    const guest = await startGuest(lab, attached);
    expect(await reaches(lab, guest)).toBe(true);
    expect(await checked(lab, attached)).toBe("");
    for (const [what, script, told] of mended) {
      await host.exec(attached.ns, "sh", "-ec", script);
      expect(await checked(lab, attached), what).toMatch(told);
      expect(await tool("repair"), what).toMatchObject({ exitCode: 0 });
      expect(await checked(lab, attached), what).toBe("");
      expect(await reaches(lab, guest), what).toBe(true);
    }
  });

  it("names a tap that is gone, which is for the runtime to make, and DEL cleans what is left", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add();
    const before = await host.snapshot(lab.everything);
    for (const [, config] of places) {
      const attached = await lab.add({ config: guestOf(config) });
      const { netns, tap } = tapOf(attached);
      await host.exec(netns === undefined ? host.ns : attached.ns, "ip", "link", "delete", tap);
      expect(await checked(lab, attached)).toMatch(
        new RegExp(`tap ${tap}\\b.*: expected present, found absent`),
      );
      const repair = await toolOf(lab)("repair");
      expect(repair.exitCode).not.toBe(0);
      expect(repair.stdout + repair.stderr).toContain("restart the container");
      await lab.done("DEL", attached);
      expect(await host.changes(before, lab.everything)).toBe("");
    }
  });

  it("names an address on a tap that is a port, and repair takes it away", async () => {
    await using lab = await createLab();
    const attached = await lab.add({ config: guestOf(places[1][1]) });
    await lab.host.exec(lab.host.ns, "ip", "address", "add", "198.51.100.9/24", "dev", "tap0");
    expect(await checked(lab, attached)).toMatch(/address 198\.51\.100\.9\/24 of tap tap0/);
    expect(await toolOf(lab)("repair")).toMatchObject({ exitCode: 0 });
    expect(await checked(lab, attached)).toBe("");
  });
});
