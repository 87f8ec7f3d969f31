import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whyNoVm } from "./requirements.ts";
import { bootVm, type Vm } from "./vm.ts";

const programs = ["socat"];
const why = whyNoVm(programs);

describe.skipIf(why !== undefined)(`on Debian's kernel${why === undefined ? "" : ` (${why})`}`, () => {
  let vm: Vm;
  beforeAll(async () => {
    const echo = { from: join(import.meta.dirname, "../system/echo-sctp.sh") };
    // An uplink to a machine beyond the host.
    const script = `ip netns add outside
      ip link add eth0 type veth peer name eth0 netns outside
      ip link set eth0 up; ip -n outside link set eth0 up
      ip address add 192.0.2.1/24 dev eth0; ip -n outside address add 192.0.2.2/24 dev eth0
      ip route add default via 192.0.2.2`;
    vm = await bootVm({ programs, files: { "/srv/echo-sctp.sh": echo }, script });
  });
  afterAll(() => vm?.close());

  const nat = (verb: string, id: string, more: object = {}) =>
    vm.call("nat", {
      verb,
      env: {
        PATH: "/usr/sbin:/usr/bin",
        CNI_PATH: "/opt/cni/bin",
        ...(id === "" ? {} : { CNI_CONTAINERID: id, CNI_NETNS: `/run/netns/${id}`, CNI_IFNAME: "eth0" }),
      },
      stdin: { cniVersion: "1.1.0", name: "nat", type: "nat", ipam: { subnet: "10.61.0.0/24" }, ...more },
    });

  /** ADD of a container in a compartment of its own. */
  const add = async (id: string, more: object = {}) => {
    await vm.exec(`ip netns add ${id}; ip -n ${id} link set lo up`);
    const { exitCode, stdout, stderr } = await nat("ADD", id, more);
    expect(exitCode, stdout + stderr).toBe(0);
    const result = JSON.parse(stdout);
    return {
      result,
      address: `${result.ips[0].address}`.replace(/\/.*/, ""),
      gateway: result.ips[0].gateway,
    };
  };

  const silent = { exitCode: 0, stdout: "", stderr: "" };
  const links = () => vm.exec("ip -br link | awk '{print $1}'; nft list ruleset");

  it("nat attaches a container, which reaches its gateway, and leaves nothing of it", async () => {
    const before = await links();
    const { result, gateway } = await add("web");
    await vm.exec(["ip", "netns", "exec", "web", "ping", "-c", "1", "-w", "20", gateway]);
    await vm.exec("ip netns exec web ping -c 1 -w 20 192.0.2.2");
    expect(await nat("CHECK", "web", { prevResult: result })).toEqual(silent);
    expect(await nat("DEL", "web")).toEqual(silent);
    expect(await vm.exec("ip -n web -br link | awk '{print $1}'; ip -br link show master vsw-nat")).toBe(
      "lo\n",
    );
    expect(await nat("GC", "", { "cni.dev/valid-attachments": [] })).toEqual(silent);
    expect(await links()).toBe(before);
  });

  it("the doctor finds all features of the kernel that ours need", async () => {
    const { stdout } = await vm.run(["vswitch", "doctor"]);
    expect(stdout).toMatch(/^ok +the kernel has all .* \[kernel-features\]$/m);
  });

  it.each([
    ["a VLAN", "vlan", "ip link add t0 link eth0 type vlan id 5", "802.1Q id 5"],
    ["ipvlan", "ipvlan", "ip link add t0 link eth0 type ipvlan mode l2", "mode l2"],
    ["macvlan", "macvlan", "ip link add t0 link eth0 type macvlan mode bridge", "mode bridge"],
    ["a dummy", "dummy", "ip link add t0 type dummy", "dummy"],
    ["vrf", "vrf", "ip link add t0 type vrf table 10", "table 10"],
    ["wireguard", "wireguard", "ip link add t0 type wireguard", "wireguard"],
    [
      "a bridge that filters VLANs",
      "bridge",
      "ip link add t0 type bridge vlan_filtering 1",
      "vlan_filtering 1",
    ],
  ])("%s can be made", async (_, kind, command, shown) => {
    await vm.exec(command);
    const text = await vm.exec("ip -d link show t0; ip link delete t0");
    expect(text).toContain(kind);
    expect(text).toContain(shown);
  });

  it("a port of a filtering bridge gets VLANs of its own", async () => {
    await vm.exec(`ip link add t0 type bridge vlan_filtering 1
      ip link add t1 type veth peer name t2; ip link set t1 master t0
      bridge vlan add dev t1 vid 5 pvid untagged`);
    const text = await vm.exec("bridge vlan show dev t1; ip link delete t0; ip link delete t1");
    expect(text).toMatch(/5 PVID Egress Untagged/);
  });

  it("netem delays packets", async () => {
    const command =
      "tc qdisc add dev eth0 root netem delay 1ms; tc qdisc show dev eth0; tc qdisc del dev eth0 root";
    expect(await vm.exec(command)).toMatch(/^qdisc netem .* delay 1ms$/m);
  });

  it("a published SCTP port answers a machine beyond the host", async () => {
    const portMappings = [{ hostPort: 1320, containerPort: 7205, protocol: "sctp" }];
    const { address } = await add("sctp", {
      capabilities: { portMappings: true },
      runtimeConfig: { portMappings },
    });
    // The server says when it listens.
    await vm.exec(`mkfifo /tmp/log
      ip netns exec sctp socat -d -d "SCTP4-LISTEN:7205,bind=${address},fork" "EXEC:sh /srv/echo-sctp.sh" 2>/tmp/log &
      while read -r line; do case $line in *"listening on"*) break;; esac; done </tmp/log
      cat /tmp/log >/dev/null &`);
    const ask = (seconds: number) =>
      `echo hello | ip netns exec outside socat -t ${seconds} -T ${seconds} -,ignoreeof \
        SCTP4:192.0.2.1:1320,connect-timeout=${seconds}`;
    const answer = JSON.parse(await vm.exec(ask(20)));
    expect(answer).toMatchObject({ from: "192.0.2.2", at: address, data: "hello" });
    // The port alone is gone, the server goes on.
    expect(await nat("DEL", "sctp")).toEqual(silent);
    expect((await vm.run(ask(2))).exitCode).not.toBe(0);
  });
});
