/** A host of ours in flannel's cluster. Flannel itself is not there: its kernel objects and its records are made by hand. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDirectoryLab, type DirectoryLab } from "./directory-lab.ts";
import { whyNoEtcd } from "./etcd-lab.ts";
import { ipBatch } from "./host.ts";
import type { Namespace } from "./namespaces.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import type { OverlayHost } from "./overlay-lab.ts";
import { startSteady } from "./steady.ts";
import { until } from "./until.ts";

const why = whyNoNat() ?? whyNoEtcd();
const root = "/coreos.com/network";
const config = { Network: "10.244.0.0/16", Backend: { Type: "vxlan", VNI: 1, Port: 8472 } };
/** Of the host that has flannel. */
const flannel = { subnet: "10.244.52", vtep: "192.0.2.2", mac: "c6:d2:32:6f:8f:44" };

const conf = (endpoints: readonly string[]) => ({
  name: "flannel",
  ...{ vni: 1, strict: false, udpPort: 8472, cidrs: ["10.244.0.0/16"], uplink: "eth0" },
  directory: { type: "flannel", endpoints, prefix: root },
});

/** As flannel of v0.28 writes it. */
const record = (vtep: string, mac: string): string =>
  `{"PublicIP":"${vtep}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"${mac}"}}`;

describe.skipIf(why)(`a host of ours in a cluster of flannel's${why ? `: ${why}` : ""}`, () => {
  let lab: DirectoryLab;
  let ours: OverlayHost;
  let theirs: OverlayHost;
  let pod: Namespace;
  let a: Attached;
  const podAddress = `${flannel.subnet}.2`;

  beforeAll(async () => {
    lab = await createDirectoryLab({ config: (_, endpoints) => ({ subnets: [], ...conf(endpoints) }) });
    [ours, theirs] = lab.hosts as [OverlayHost, OverlayHost];
    await lab.client.txn(
      [],
      [
        { kind: "put", key: `${root}/config`, value: JSON.stringify(config) },
        {
          kind: "put",
          key: `${root}/subnets/${flannel.subnet}.0-24`,
          value: record(flannel.vtep, flannel.mac),
        },
      ],
    );
    pod = await theirs.host.compartment("pod");
    await ipBatch(theirs.host.ns, [
      // The device, with the subnet's own address as /32.
      `link add flannel.1 address ${flannel.mac} mtu 1450 type vxlan id 1 local ${flannel.vtep} dev eth0 dstport 8472 nolearning`,
      `address add ${flannel.subnet}.0/32 dev flannel.1`,
      "link set flannel.1 up",
      "link add cni0 mtu 1450 type bridge",
      `address add ${flannel.subnet}.1/24 dev cni0`,
      "link set cni0 up",
      `link add veth0 mtu 1450 type veth peer name eth0 mtu 1450 netns ${pod.name}`,
      "link set veth0 master cni0 up",
    ]);
    await ipBatch(pod, [
      "link set eth0 up",
      `address add ${podAddress}/24 dev eth0`,
      `route add default via ${flannel.subnet}.1`,
    ]);
    await theirs.host.exec(theirs.host.ns, "sh", "-c", "sysctl -qw net.ipv4.ip_forward=1");
    const folder = join(ours.host.dir, "net.d");
    mkdirSync(folder);
    const { type = "overlay", ...rest } = { ...conf(lab.store.endpoints) } as Record<string, unknown>;
    const { name, ...plugin } = rest;
    writeFileSync(
      join(folder, "10-flannel.conflist"),
      JSON.stringify({ cniVersion: "1.1.0", name, plugins: [{ type, ...plugin }] }),
    );
    await lab.agent(ours, { words: ["--cni-conf-dir", folder] });
  });
  afterAll(() => lab?.[Symbol.asyncDispose]());

  const subnets = async () => (await lab.client.list(`${root}/subnets/`)).kvs;
  const ownRecord = async () => (await subnets()).find(({ value }) => value.includes('"192.0.2.1"'));

  /** What a daemon of flannel's does when it sees our record: neighbour, forwarding row, route. */
  async function asFlannel(): Promise<void> {
    const own = await ownRecord();
    const subnet = /subnets\/(.*)-24$/.exec(own?.key ?? "")?.[1] ?? "";
    const { PublicIP, BackendData } = JSON.parse(own?.value ?? "{}");
    await theirs.host.exec(
      theirs.host.ns,
      "sh",
      "-ec",
      `ip neigh replace ${subnet} lladdr ${BackendData.VtepMAC} dev flannel.1 nud permanent
       bridge fdb replace ${BackendData.VtepMAC} dev flannel.1 dst ${PublicIP} self permanent
       ip route replace ${subnet}/24 via ${subnet} dev flannel.1 onlink`,
    );
  }

  it("leases a subnet under a lease of a day, as flannel does, before any container is there", async () => {
    const own = await until(ownRecord, (found) => found !== undefined, "this host's record");
    expect(own?.key).toMatch(/^\/coreos\.com\/network\/subnets\/10\.244\.\d+\.0-24$/);
    expect(own?.value).toBe(record("192.0.2.1", "0e:2a:c0:00:02:01"));
    const answer = await lab.store.post(0, "/lease/timetolive", { ID: own?.lease });
    expect(Number(answer.grantedTTL)).toBe(24 * 3600);
    await lab.says(ours);
  });

  it("exchanges packets with flannel's host in both directions", async () => {
    a = await ours.add({ id: "web" });
    const own = await ownRecord();
    expect(own?.key).toContain(a.ip4.split(".").slice(0, 3).join("."));
    await asFlannel();
    await until(() => ours.host.answersPing(a.ns, podAddress), Boolean, "an answer of flannel's");
    expect(await theirs.host.answersPing(pod, a.ip4)).toBe(true);
    const steady = await startSteady(ours, a.ns, pod, podAddress);
    await Bun.sleep(100);
    expect(await steady.seen()).toMatchObject({ lost: "" });
  });

  it("loses no traffic when its record is gone, and writes it again", async () => {
    const steady = await startSteady(ours, a.ns, pod, podAddress);
    const before = await ownRecord();
    await lab.client.deleteKey(before?.key ?? "");
    const after = await until(ownRecord, (found) => found !== undefined, "the record");
    expect({ key: after?.key, value: after?.value }).toEqual({ key: before?.key, value: before?.value });
    const { lost, longestMs } = await steady.seen();
    expect({ lost, broken: longestMs > 400 }).toEqual({ lost: "", broken: false });
    await lab.says(ours);
  });

  it("names a host that has leased its subnet meanwhile, and gives nothing more out of it", async () => {
    const before = await ownRecord();
    const key = before?.key ?? "";
    await lab.client.txn([], [{ kind: "put", key, value: record("192.0.2.88", "c6:d2:32:6f:8f:88") }]);
    await lab.names(ours, "store-refused");
    expect(await ours.host.answersPing(a.ns, podAddress)).toBe(true);
    expect(
      await ours.refused("ADD", { id: "late", netns: (await ours.host.compartment()).path }),
    ).toMatchObject({
      code: 11,
    });
    await lab.client.deleteKey(key);
  });
});
