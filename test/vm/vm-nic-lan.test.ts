import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDnsmasq, whyNoDhcp } from "../system/dhcp-lab.ts";
import { uplink } from "../system/host.ts";
import { createLanLab } from "../system/lan-lab.ts";
import type { Attached, NatLab } from "../system/nat-lab.ts";
import { bootGuest, configureGuest } from "./guest.ts";
import { addressesIn, guestNics } from "./guest-lab.ts";
import { whyNoVm } from "./requirements.ts";
import type { Vm } from "./vm.ts";

const why = whyNoVm() ?? whyNoDhcp();

describe.skipIf(why !== undefined)(`a utility VM on the LAN${why === undefined ? "" : ` (${why})`}`, () => {
  let lab: NatLab;
  let guest: Attached;
  let vm: Vm;
  beforeAll(async () => {
    lab = await createLanLab({ config: { vnic: "vmNic", tapName: "tap0" } });
    await startDnsmasq(lab.host, lab.host.outside, "--dhcp-range=192.0.2.64,192.0.2.127,2m");
    guest = await lab.add();
    const nics = await guestNics(lab, guest.id);
    vm = await bootGuest(guest.ns, nics);
    await configureGuest(vm, nics);
  });
  afterAll(async () => {
    await vm?.close();
    await lab?.[Symbol.asyncDispose]();
  });

  it("asks the LAN's DHCP server itself, and is a machine with a MAC of its own there", async () => {
    const mac = guest.result.interfaces[0]?.mac ?? "none";
    const [, address] = /inet (192\.0\.2\.\d+)\//.exec(await vm.exec("ip -o -4 address show dev eth0")) ?? [];
    await vm.exec(["ping", "-c", "1", "-W", "10", uplink.outside4]);
    const known = await lab.host.exec(lab.host.outside, "ip", "neighbour", "show", address ?? "none");
    expect(known).toContain(`lladdr ${mac}`);
    expect(await addressesIn(lab, guest)).toEqual([]);
  });

  it("is found by IPv6, whose questions go to groups that the guest alone has joined", async () => {
    await vm.exec("ip address add 2001:db8::70/64 dev eth0 nodad");
    expect(await lab.host.answersPing(lab.host.outside, "2001:db8::70")).toBe(true);
  });

  it("passes CHECK, and DEL takes its NIC while it runs", async () => {
    expect(await lab.check(guest)).toMatchObject({ exitCode: 0, stdout: "" });
    await lab.done("DEL", { id: guest.id, netns: guest.ns.path });
    expect(await lab.host.exec(guest.ns, "ip", "-br", "link", "show", "up")).not.toMatch(/eth0|tap0/);
    expect((await vm.run(["ping", "-c", "1", "-W", "2", uplink.outside4])).exitCode).not.toBe(0);
  });
});
