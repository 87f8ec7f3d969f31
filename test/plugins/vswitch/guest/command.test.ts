import { beforeEach, describe, expect, test } from "vitest";
import type { Plan } from "../../../../lib/model/plan.ts";
import { readBootId } from "../../../../lib/state/boot-id.ts";
import { runCli } from "../../../../plugins/vswitch/cli.ts";
import { testFolder, testStore } from "../../../lib/state/fixture.ts";
import { natPlan } from "../../nat/fixture.ts";
import { rowOf } from "../fixture.ts";
import { lanGuest, natGuest } from "./fixture.ts";

let dir = "";
beforeEach(() => {
  dir = testFolder();
  const bootId = readBootId();
  const store = testStore({ dataDir: dir, bootId });
  const put = (plan: Plan) => store.endpoints.put(rowOf(plan, { bootId }));
  put(lanGuest({ owner: { containerId: "guest-1", ifname: "eth1" }, ips: [] }));
  put(natGuest({ owner: { containerId: "guest-1" }, ips: ["10.88.0.5/16 10.88.0.1"] }));
  put(natGuest({ owner: { containerId: "guest-2" }, ips: ["fd00::5/64 fd00::1"] }));
  put(natPlan({ owner: { containerId: "web" }, ips: ["10.88.0.7/16 10.88.0.1"] }));
  put(natPlan({ owner: { containerId: "guest-2", ifname: "mgmt" }, ips: ["10.88.0.8/16 10.88.0.1"] }));
});

async function guestConfig(...args: readonly string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { print: (text: string) => out.push(text), complain: (text: string) => err.push(text) };
  const code = await runCli(["guest-config", "--data-dir", dir, ...args], terminal);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

describe("vswitch guest-config", () => {
  test("tells all NICs of a container, the first one first, out of the state alone", async () => {
    const { code, out, err } = await guestConfig("--container", "guest-1");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(JSON.parse(out)).toMatchObject([
      {
        network: "net",
        name: "eth0",
        mtu: 1500,
        addresses: [{ address: "10.88.0.5", prefixLength: 16, family: 4 }],
        gateways: ["10.88.0.1"],
        routes: [{ destination: "0.0.0.0/0", gateway: "10.88.0.1" }],
        tap: { name: "eth0", attach: "compartment", multiQueue: false, vnetHeader: true },
        compartment: "/run/netns/guest-1",
      },
      { network: "lan", name: "eth1", addresses: [] },
    ]);
  });

  test.each([
    [["--container", "guest-1", "--network", "lan"], "ip=dhcp"],
    [["--container", "guest-1", "--ifname", "eth0"], "ip=10.88.0.5::10.88.0.1:255.255.0.0::eth0:off"],
    [
      ["--container", "10.88.0.5", "--ifname", "eth0", "--device", "ens3"],
      "ip=10.88.0.5::10.88.0.1:255.255.0.0::ens3:off",
    ],
  ])("takes one NIC by %j", async (args, out) => {
    expect(await guestConfig(...args, "--format", "kernel-ip")).toEqual({ code: 0, out, err: "" });
  });

  test("says beside the answer what a format cannot say", async () => {
    const { out, err } = await guestConfig("--container", "guest-1", "--format", "kernel-ip");
    expect(out).toBe("ip=10.88.0.5::10.88.0.1:255.255.0.0::eth0:off\nip=:::::eth1:dhcp");
    expect(err).toBe(
      "vswitch: the kernel itself takes one ip= alone; an initramfs such as dracut's takes all",
    );
  });

  test("leaves out what the compartment of a container has beside its guest", async () => {
    const { out } = await guestConfig("--container", "guest-2");
    expect(JSON.parse(out)).toMatchObject([{ name: "eth0" }]);
  });

  test("fails where the compartment has the addresses", async () => {
    const { code, out, err } = await guestConfig("--container", "web");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("Compartment /run/netns/web has the addresses, and nothing is to be applied");
    expect(err).toContain('"vnic": "vmNic"');
  });

  test("fails where a format can say nothing", async () => {
    const { code, out, err } = await guestConfig("--container", "guest-2", "--format", "kernel-ip");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("--format cloud-init");
  });

  test.each([
    [["--container", "guest"], "net/guest-2/mgmt"],
    [["--container", "nobody"], "no endpoint is called"],
    [["--container", "guest-1", "--network", "other"], "there are net/guest-1/eth0, lan/guest-1/eth1"],
    [
      ["--container", "guest-1", "--device", "a", "--device", "b", "--device", "c", "--format", "kernel-ip"],
      "--device names 3 devices",
    ],
    [["--container", "guest-1", "--device", "a"], "--device does not go with --format json"],
    [["--container", "guest-1", "--format", "xml"], "xml"],
    [[], "container"],
  ])("refuses %j with exit code 2", async (args, text) => {
    const { code, out, err } = await guestConfig(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(text);
  });
});
