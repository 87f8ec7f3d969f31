import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uplink } from "../system/host.ts";
import { type Attached, createLab, type NatLab, publish } from "../system/nat-lab.ts";
import { bootGuest, configureGuest, type GuestNic } from "./guest.ts";
import { addressesIn, guestConfig, guestNics } from "./guest-lab.ts";
import { whyNoVm } from "./requirements.ts";
import type { Vm } from "./vm.ts";

const why = whyNoVm();

const vmNic = {
  vnic: "vmNic",
  ipam: { ranges: [[{ subnet: "10.61.0.0/24" }], [{ subnet: "fd00:61::/64" }]] },
  dns: { nameservers: ["192.0.2.53"], search: ["example.net"] },
};

/** What the guest serves is its name. */
const serve = "mkdir -p /srv; hostname >/srv/index.html; httpd -p 80 -h /srv";
const fetchFrom = (address: string, port = 80): readonly string[] => [
  ...["sh", "-c", 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | socat -T 20 -t 20 - "$1"', "sh"],
  address.includes(":") ? `TCP6:[${address}]:${port}` : `TCP4:${address}:${port}`,
];

/** Of the result alone. */
function kataNic({ result }: Attached): GuestNic {
  const link = result.interfaces.find(({ sandbox }) => sandbox !== undefined);
  return {
    name: "eth0",
    mac: link?.mac ?? "",
    mtu: link?.mtu ?? 0,
    addresses: result.ips.map(({ address }) => {
      const [ip = "", length] = address.split("/");
      return { address: ip, prefixLength: Number(length) };
    }),
    routes: (result.routes ?? []).map(({ dst, gw }) => ({ destination: dst, ...(gw && { gateway: gw }) })),
    tap: { name: "tap0_kata", attach: "compartment" },
  };
}

describe.skipIf(why !== undefined)(`a utility VM${why === undefined ? "" : ` (${why})`}`, () => {
  let lab: NatLab;
  /** A process container on the same switch. */
  let process: Attached;
  let guest: Attached;
  let vm: Vm;
  const boot = async (at = guest.ns): Promise<void> => {
    const nics = await guestNics(lab, guest.id);
    vm = await bootGuest(at, nics);
    await configureGuest(vm, nics);
    await vm.exec(serve);
  };
  beforeAll(async () => {
    lab = await createLab({ config: vmNic });
    process = await lab.add({ id: "process", args: "VNIC=hostVnic;IgnoreUnknown=1" });
    guest = await lab.add({ id: "guest", runtimeConfig: publish("8080:80/tcp") });
    await boot();
  });
  afterAll(async () => {
    await vm?.close();
    await lab?.[Symbol.asyncDispose]();
  });
  const ping = (address: string) => vm.exec(["ping", "-c", "1", "-W", "10", address]);
  const meets = async (): Promise<void> => {
    for (const address of [process.ip4, process.ip6, guest.gateway4, guest.gateway6]) await ping(address);
    for (const address of [guest.ip4, guest.ip6])
      expect(await lab.host.exec(process.ns, ...fetchFrom(address))).toMatch(/\nvm$/);
  };

  it("meets a process container of its switch and the gateway, in both families", meets);

  it("reaches what is beyond the host, in the host's name", async () => {
    await using capture = await lab.host.capture(lab.host.outside, "eth0", "icmp or icmp6");
    await ping(uplink.outside4);
    await ping(uplink.outside6);
    await capture.packet(new RegExp(`${uplink.host4} > ${uplink.outside4}: ICMP echo request`));
    await capture.packet(new RegExp(`${uplink.host6} > ${uplink.outside6}: ICMP6, echo request`));
    const own = capture.packets().filter((line) => line.includes(guest.ip4) || line.includes(guest.ip6));
    expect(own).toEqual([]);
  });

  it("is reached through a published port", async () => {
    expect(await lab.host.exec(lab.host.outside, ...fetchFrom(uplink.host4, 8080))).toMatch(/\nvm$/);
  });

  it("alone has its addresses: its compartment holds none, and CHECK passes", async () => {
    expect(await addressesIn(lab, guest)).toEqual([]);
    expect(await lab.check(guest)).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await vm.exec("ip -o address show dev eth0")).toContain(`${guest.ip4}/24`);
    expect(await addressesIn(lab, process)).toEqual(expect.arrayContaining([process.ip4, process.ip6]));
  });

  it("sends nothing in another's name", async () => {
    await vm.exec(`ip address add 10.61.0.250/24 dev eth0`);
    const outcome = await vm.run(["ping", "-c", "1", "-W", "2", "-I", "10.61.0.250", process.ip4]);
    await vm.exec(`ip address del 10.61.0.250/24 dev eth0`);
    expect(outcome.exitCode).not.toBe(0);
  });

  it("comes back at the same tap when its monitor was killed and another opens it", async () => {
    await vm.close();
    await boot();
    await meets();
  });

  it("is told what the kernel's ip= can say", async () => {
    expect((await guestConfig(lab, guest.id, "kernel-ip")).trim()).toBe(
      `ip=${guest.ip4}::${guest.gateway4}:255.255.255.0::eth0:off:192.0.2.53`,
    );
  });

  it("loses its NIC when the endpoint is deleted while it runs, and nothing is left", async () => {
    await lab.done("DEL", { id: guest.id, netns: guest.ns.path });
    expect(await lab.host.exec(guest.ns, "ip", "-br", "link", "show", "type", "tun")).toBe("");
    expect((await vm.run(["ping", "-c", "1", "-W", "2", guest.gateway4])).exitCode).not.toBe(0);
    expect(await vm.exec("hostname")).toBe("vm\n");
    await lab.done("DEL", { id: guest.id, netns: guest.ns.path });
    expect(lab.rows().filter((row) => row.includes("guest"))).toEqual([]);
  });

  it("may be Kata's, which takes the host vNIC of a compartment over", async () => {
    await vm.close();
    guest = await lab.add({ id: "kata", args: "VNIC=hostVnic;IgnoreUnknown=1" });
    // What Kata Containers do in the model "tcfilter": a tap of their own, joined to the vNIC that has the addresses.
    const script = `ip tuntap add tap0_kata mode tap vnet_hdr; ip link set tap0_kata up
      for pair in "eth0 tap0_kata" "tap0_kata eth0"; do
        set -- $pair; tc qdisc add dev $1 ingress
        tc filter add dev $1 parent ffff: protocol all u32 match u8 0 0 action mirred egress redirect dev $2
      done`;
    await lab.host.exec(guest.ns, "sh", "-ec", script);
    const nic = kataNic(guest);
    vm = await bootGuest(guest.ns, [nic]);
    await configureGuest(vm, [nic]);
    await vm.exec(serve);
    await meets();
    expect(await lab.check(guest)).toMatchObject({ exitCode: 0, stdout: "" });
    await lab.done("DEL", { id: guest.id, netns: guest.ns.path });
  });

  it("may run on the host itself, with its tap as the port of the switch", async () => {
    await vm.close();
    guest = await lab.add({
      id: "onhost",
      config: { ...vmNic, vmNicAttach: "switch", tapName: "fc0" },
      runtimeConfig: publish("8081:80/tcp"),
    });
    await boot(lab.host.ns);
    await meets();
    expect(await lab.host.exec(lab.host.outside, ...fetchFrom(uplink.host4, 8081))).toMatch(/\nvm$/);
    expect(await addressesIn(lab, guest)).toEqual([]);
    expect(await lab.check(guest)).toMatchObject({ exitCode: 0, stdout: "" });
    await lab.done("DEL", { id: guest.id, netns: guest.ns.path });
    const left = await lab.host.exec(lab.host.ns, "ip", "-br", "link", "show", "type", "tun");
    expect(left).toBe("");
  });
});
