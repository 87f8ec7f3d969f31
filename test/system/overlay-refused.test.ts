import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab } from "./overlay-lab.ts";
import type { Snapshot } from "./snapshot.ts";

const why = whyNoNat();

interface Refusal {
  readonly title: string;
  /** Commands before, and after. */
  readonly given?: string;
  readonly take?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly error: object;
}

const external = "ip link add other type vxlan external dstport 4789; ip link set other up";
const details = expect.any(String);

const refusals: readonly Refusal[] = [
  {
    title: "another tunnel receives its VNI",
    given: "ip link add other type vxlan id 4097 dstport 4789 local 192.0.2.1",
    take: "ip link delete other",
    error: {
      code: 108,
      msg: "tunnel other receives VNI 4097 at UDP port 4789",
      details: "remove it, or choose another vni or udpPort, on all hosts of the network",
    },
  },
  {
    title: "a tunnel of another kind has its port",
    given: external,
    take: "ip link delete other",
    error: {
      code: 108,
      msg: "make switch vsw-blue of network blue: another program of this host has UDP port 4789",
      details: expect.stringContaining("ss -ulpn"),
    },
  },
  {
    title: "something else has the name of its tunnel",
    given: "ip link add vsx-blue type bridge",
    take: "ip link delete vsx-blue",
    error: { code: 108, msg: "interface vsx-blue of kind bridge is not ours", details },
  },
  {
    title: "its uplink is not there",
    config: { uplink: "eth9" },
    error: { code: 106, msg: "network blue has no uplink: eth9 does not exist", details },
  },
  {
    title: "the host has no default route to take an uplink from",
    given: "ip route delete default; ip -6 route delete default",
    take: "ip route add default via 192.0.2.254; ip -6 route add default via 2001:db8::254",
    config: { uplink: undefined },
    error: { code: 106, msg: expect.stringContaining("the host has no default route"), details },
  },
  {
    title: "its uplink has no address",
    given: "ip link add bare type bridge",
    take: "ip link delete bare",
    config: { uplink: "bare" },
    error: {
      code: 106,
      msg: "network blue: its uplink bare does not have an IPv4 address for the tunnel",
      details: expect.stringContaining("addresses there: none"),
    },
  },
  {
    title: "its uplink does not have the address that is named",
    config: { vtep: "192.0.2.99" },
    error: {
      code: 106,
      msg: "network blue: its uplink eth0 does not have 192.0.2.99 for the tunnel",
      details: expect.stringContaining("addresses there: 192.0.2.1, 2001:db8::1"),
    },
  },
  {
    title: "it is its own peer",
    config: { directory: { type: "static", peers: [{ vtep: "192.0.2.1", subnets: ["10.40.2.0/24"] }] } },
    error: { code: 7, msg: expect.stringContaining("192.0.2.1 is this host itself"), details },
  },
  {
    title: "its packets would be longer than the uplink carries",
    config: { mtu: 1451 },
    error: { code: 7, msg: "mtu 1451: the uplink eth0 carries 1500, less 50 for VXLAN over IPv4", details },
  },
];

describe.skipIf(why)(`an overlay network is refused, and leaves nothing${why ? ` (${why})` : ""}`, () => {
  let lab: OverlayLab;
  let first: OverlayHost;
  beforeAll(async () => {
    lab = await createOverlayLab({ hosts: 1 });
    first = lab.hosts[0] as OverlayHost;
    const { host } = first;
    await host.exec(host.ns, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  /** The state file with no rows in it is there from the first ADD on. */
  const look = (): Promise<Snapshot> => first.host.snapshot(first.everything);

  it.each(refusals)("where $title", async ({ given = "true", take = "true", config = {}, error }) => {
    const { host } = first;
    await host.exec(host.ns, "sh", "-ec", given);
    const before = await look();
    const peers = {
      directory: { type: "static", peers: [{ vtep: "192.0.2.2", subnets: ["10.40.2.0/24"] }] },
    };
    const netns = (await host.compartment()).path;
    const whole = { ...first.config, ...peers, ...config };
    expect(await first.refused("ADD", { id: "late", netns, config: whole })).toMatchObject(error);
    expect(await host.changes(before, first.everything)).toBe("");
    await host.exec(host.ns, "sh", "-ec", take);
  });

  it("where a program has its port, while networks of other ports are in use", async () => {
    const { host } = first;
    const used = await first.add({ config: { ...first.config, name: "used", vni: 4100, udpPort: 4790 } });
    const program = host.start(host.ns, ["socat", "-d", "-d", "-u", "UDP4-RECV:4789", "-"]);
    await program.line((line) => line.includes("starting data transfer"), "a program at the port");
    const before = await look();
    const netns = (await host.compartment()).path;
    const config = { ...first.config, subnets: ["10.43.1.0/24"] };
    expect(await first.refused("ADD", { id: "late", netns, config })).toMatchObject({
      code: 108,
      msg: expect.stringContaining("another program of this host has UDP port 4789"),
    });
    expect(await host.changes(before, first.everything)).toBe("");
    await program.stop();
    expect(await first.check(used)).toMatchObject({ exitCode: 0, stdout: "" });
  });
});
