import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoVm } from "./requirements.ts";
import { bootVm, type Vm } from "./vm.ts";

const why = whyNoVm();

const ranges = [
  [{ subnet: "192.0.2.0/24", rangeStart: "192.0.2.100", gateway: "192.0.2.2" }],
  [{ subnet: "2001:db8::/64", rangeStart: "2001:db8::100", gateway: "2001:db8::2" }],
];
const config = {
  cniVersion: "1.1.0",
  name: "lan",
  type: "transparent",
  switch: "ipvlan",
  uplink: "eth0",
  ipam: { ranges },
};

const envOf = (id: string) => ({
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  CNI_CONTAINERID: id,
  CNI_NETNS: `/run/netns/${id}`,
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
  VSWITCH_DATA_DIR: "/tmp/state",
});

/** A frame by its text in hexadecimal digits. */
const hex = (frame: Uint8Array) => Buffer.from(frame).toString("hex");

describe.skipIf(why !== undefined)(`an ipvlan${why === undefined ? "" : ` (${why})`}`, () => {
  let vm: Vm;
  beforeAll(async () => {
    // The second card is another machine of the LAN.
    vm = await bootVm({
      nics: [
        { kind: "hub", hub: 0 },
        { kind: "hub", hub: 0 },
      ],
      script: `ip netns add lan; ip link set eth1 netns lan; ip link set eth0 up; ip -n lan link set eth1 up
        sysctl -qw net.ipv4.conf.all.rp_filter=1
        ip address add 192.0.2.1/24 dev eth0; ip address add 2001:db8::1/64 dev eth0 nodad
        ip -n lan address add 192.0.2.2/24 dev eth1; ip -n lan address add 2001:db8::2/64 dev eth1 nodad`,
    });
  });
  afterAll(() => vm?.close());

  const call = (verb: string, id: string, over: object = {}) =>
    vm.call("transparent", { verb, env: envOf(id), stdin: { ...config, ...over }, timeoutMs: 60_000 });
  const mac = async (where: string, device: string) =>
    /ether (\S+)/.exec(await vm.exec(`ip ${where} link show dev ${device}`))?.[1] ?? "";

  it("reaches machines of the LAN and they reach it, and the wire sees the MAC of the uplink alone", async () => {
    await vm.exec("ip netns add a");
    // The kernel notices a moment later that the uplink has a carrier.
    const state = () => vm.exec("cat /sys/class/net/eth0/operstate");
    await expect.poll(state, { timeout: 10_000 }).toBe("up\n");
    const before = await vm.exec("ip -d link; ip address");
    const added = await call("ADD", "a");
    expect(added.exitCode, added.stdout + added.stderr).toBe(0);
    const result = JSON.parse(added.stdout);
    const uplink = await mac("", "eth0");
    expect(result.interfaces).toEqual([{ name: "eth0", mac: uplink, mtu: 1500, sandbox: "/run/netns/a" }]);
    expect(await vm.exec("ip -n a -d link show eth0")).toMatch(/ipvlan +mode l2/);
    for (const [ours, theirs] of [
      ["192.0.2.100", "192.0.2.2"],
      ["2001:db8::100", "2001:db8::2"],
    ]) {
      await vm.exec(`ip netns exec a ping -c1 -W5 ${theirs}`);
      await vm.exec(`ip netns exec lan ping -c1 -W5 ${ours}`);
    }
    const frames = vm.frames(1).map(hex);
    const plain = (text: string) => text.replaceAll(":", "");
    const senders = new Set(frames.map((frame) => frame.slice(12, 24)));
    expect(senders).toEqual(new Set([plain(uplink), plain(await mac("-n lan", "eth1"))]));
    // Gratuitous ARP, and an unsolicited neighbour advertisement.
    const [ip4, ip6] = ["c0000264", "20010db8000000000000000000000100"];
    const arp = `ffffffffffff${plain(uplink)}08060001080006040001${plain(uplink)}${ip4}000000000000${ip4}`;
    expect(frames.filter((frame) => frame.startsWith(arp))).not.toEqual([]);
    expect(
      frames.filter(
        (frame) => frame.startsWith("333300000001") && /88[0-9a-f]{14}/.test(frame) && frame.includes(ip6),
      ),
    ).not.toEqual([]);
    const checked = await call("CHECK", "a", { prevResult: result });
    expect(checked).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await call("DEL", "a")).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await vm.exec("ip -n a -o link show type ipvlan")).toBe("");
    // Of the uplink's link-local address the kernel may not have been sure yet.
    const settled = (text: string) => text.replaceAll(" tentative", "");
    expect(settled(await vm.exec("ip -d link; ip address"))).toBe(settled(before));
  });

  it("is refused an address that a machine of the LAN has", async () => {
    await vm.exec("ip netns add b; ip -n lan address add 192.0.2.150/24 dev eth1");
    const taken = {
      ...config,
      name: "other",
      ipam: { ranges: [[{ subnet: "192.0.2.0/24", rangeStart: "192.0.2.150" }]] },
      dad: 5000,
    };
    const refused = await call("ADD", "b", taken);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      code: 103,
      msg: expect.stringContaining(`192.0.2.150 is in use: ${await mac("-n lan", "eth1")}`),
    });
    expect(await vm.exec("ip -n b -o link show type ipvlan")).toBe("");
  });

  it("is refused an address that another one has", async () => {
    await vm.exec("ip netns add e; ip netns add f");
    expect((await call("ADD", "e")).exitCode).toBe(0);
    const held = /192\.0\.2\.\d+/.exec(await vm.exec("ip -n e -4 address show eth0"))?.[0];
    const range = { subnet: "192.0.2.0/24", rangeStart: held, rangeEnd: held };
    const refused = await call("ADD", "f", { name: "third", ipam: { ranges: [[range]] } });
    expect(JSON.parse(refused.stdout)).toMatchObject({
      code: 103,
      msg: expect.stringContaining("another ipvlan"),
    });
    expect(await vm.exec("ip -n f -o link show type ipvlan")).toBe("");
    expect(await call("DEL", "e")).toMatchObject({ exitCode: 0 });
  });

  it("of somebody else, with the same name and MAC, is left alone", async () => {
    await vm.exec(
      "ip netns add c; ip link add link eth0 name theirs type ipvlan mode l2; ip link set theirs netns c name eth0",
    );
    const refused = await call("ADD", "c");
    expect(JSON.parse(refused.stdout)).toMatchObject({ code: 101 });
    expect(await call("DEL", "c")).toMatchObject({ exitCode: 0 });
    expect(await vm.exec("ip -n c -o link show type ipvlan")).toContain("eth0@");
  });

  it("that an ADD made and could not mark is taken away by DEL", async () => {
    await vm.exec("ip netns add d");
    const added = await call("ADD", "d");
    expect(added.exitCode, added.stdout).toBe(0);
    const key = /vswitch:endpoint ([0-9a-f]{12})/.exec(await vm.exec("ip -n d link show eth0"))?.[1];
    await vm.exec(
      `ip -n d link delete eth0; ip link add link eth0 name vp-${key} type ipvlan mode l2; ip link set vp-${key} netns d`,
    );
    expect(await call("DEL", "d")).toMatchObject({ exitCode: 0 });
    expect(await vm.exec("ip -n d -o link show type ipvlan")).toBe("");
  });
});
