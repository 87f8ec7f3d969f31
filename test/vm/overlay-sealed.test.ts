import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoVm } from "./requirements.ts";
import { bootVm, type Vm } from "./vm.ts";

const why = whyNoVm(["wg"]);

/** Host N is 192.0.2.N on the wire and 10.9.0.N behind WireGuard, which is its only way to be a tunnel's end. */
const config = (number: number, over: object = {}) => ({
  cniVersion: "1.1.0",
  name: "blue",
  type: "overlay",
  vni: 4097,
  uplink: "wg0",
  encryption: "wireguard",
  subnet: `10.40.${number}.0/24`,
  directory: {
    type: "static",
    peers: [{ vtep: `10.9.0.${3 - number}`, subnets: [`10.40.${3 - number}.0/24`] }],
  },
  ...over,
});

/** One machine is both hosts: the second one's network is the namespace "second". */
const script = `
  ip netns add second; ip link set eth1 netns second
  ip netns add stranger; ip link set eth2 netns stranger
  ip -n stranger link set eth2 up; ip -n stranger address add 192.0.2.9/24 dev eth2
  for n in 1 2; do wg genkey > /tmp/key$n; wg pubkey < /tmp/key$n > /tmp/pub$n; done
  host() {
    $1 ip link set $2 up; $1 ip address add 192.0.2.$3/24 dev $2
    $1 ip link add wg0 type wireguard
    $1 wg set wg0 listen-port 51820 private-key /tmp/key$3 peer $(cat /tmp/pub$4) \\
      endpoint 192.0.2.$4:51820 allowed-ips 10.9.0.$4/32
    $1 ip address add 10.9.0.$3/24 dev wg0; $1 ip link set wg0 up
    $1 ip route add default via 192.0.2.254
  }
  host "" eth0 1 2
  host "ip netns exec second" eth1 2 1
  ip netns add a; ip netns add b`;

describe.skipIf(why !== undefined)(`an encrypted overlay${why === undefined ? "" : ` (${why})`}`, () => {
  let vm: Vm;
  beforeAll(async () => {
    vm = await bootVm({
      modules: ["wireguard"],
      programs: ["wg"],
      nics: [
        { kind: "hub", hub: 0 },
        { kind: "hub", hub: 0 },
        { kind: "hub", hub: 0 },
      ],
      script,
    });
  });
  afterAll(() => vm?.close());

  const call = (verb: string, number: 1 | 2, over: object = {}) => {
    const id = number === 1 ? "a" : "b";
    return vm.call("overlay", {
      verb,
      env: {
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        CNI_CONTAINERID: id,
        CNI_NETNS: `/run/netns/${id}`,
        CNI_IFNAME: "eth0",
        CNI_PATH: "/opt/cni/bin",
        VSWITCH_DATA_DIR: `/tmp/state${number}`,
      },
      stdin: config(number, over),
      timeoutMs: 60_000,
      ...(number === 2 ? { netns: "second" } : {}),
    });
  };
  const pings = async () => (await vm.run("ip netns exec a ping -c1 -W3 10.40.2.2")).exitCode === 0;
  /** UDP packets of IPv4 on the wire: their port, and the card that they came from. */
  const sent = async () => {
    const cards = { host: "", second: "-n second", stranger: "-n stranger" };
    const names = new Map<string, string>();
    for (const [name, where] of Object.entries(cards)) {
      const links = await vm.exec(`ip ${where} -o link show`);
      for (const [, mac = ""] of links.matchAll(/eth\d: .*link\/ether (\S+)/g)) names.set(mac, name);
    }
    const isUdp = (frame: Uint8Array) => frame[12] === 8 && frame[13] === 0 && frame[23] === 17;
    const found = vm
      .frames(0)
      .filter(isUdp)
      .map((frame) => {
        const mac = [...frame.subarray(6, 12)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
        return `${names.get(mac)} to ${((frame[36] ?? 0) << 8) | (frame[37] ?? 0)}`;
      });
    return [...new Set(found)].toSorted();
  };

  it("is refused on an uplink that encrypts nothing", async () => {
    const refused = await call("ADD", 1, { uplink: "eth0", directory: { type: "static", peers: [] } });
    expect(refused.exitCode).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      code: 106,
      msg: expect.stringContaining("its uplink eth0 is a network card, and encrypts nothing"),
    });
  });

  it("carries packets, of which the wire sees WireGuard's alone", async () => {
    for (const number of [1, 2] as const) {
      const added = await call("ADD", number);
      expect(added.exitCode, added.stdout + added.stderr).toBe(0);
      // 1420 of WireGuard less 50 of VXLAN.
      expect(JSON.parse(added.stdout).interfaces[0]).toMatchObject({ name: "vsw-blue", mtu: 1370 });
    }
    expect(await pings()).toBe(true);
    await vm.exec("ip netns exec a ping -c2 -W3 -s 1342 10.40.2.2");
    expect(await sent()).toEqual(["host to 51820", "second to 51820"]);
  });

  it("takes nothing that comes in the clear", async () => {
    const dropped = () => vm.exec("nft list set inet vswitch dropped_tunnel");
    expect(await dropped()).toContain("counter packets 0");
    // A stranger on the wire says that it is the peer.
    await vm.exec(`sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
      on() { ip netns exec stranger "$@"; }
      on ip address add 10.9.0.2/32 dev lo; on ip route add 10.9.0.1/32 via 192.0.2.1 src 10.9.0.2
      on ip link add forged type vxlan id 4097 dstport 4789 remote 10.9.0.1 local 10.9.0.2
      on ip address add 10.40.2.9/24 dev forged; on ip link set forged up
      on ping -c1 -W1 10.40.2.2 || true`);
    await expect.poll(dropped, { timeout: 10_000 }).not.toContain("counter packets 0");
  });

  it("is cut, and sends nothing in the clear, when the uplink goes away", async () => {
    await vm.exec("ip link set wg0 down");
    expect(await pings()).toBe(false);
    await vm.exec("ip link delete wg0");
    expect(await pings()).toBe(false);
    expect(await vm.exec("ip link")).not.toContain("vsx-blue");
    expect(await sent()).toEqual(["host to 51820", "second to 51820", "stranger to 4789"]);
  });
});
