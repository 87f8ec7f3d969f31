import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import {
  endpointChanges,
  type LocalEndpoint,
  publishEndpoints,
} from "../../../lib/cluster/publish-endpoints.ts";
import { listedState } from "../../../lib/directory/state.ts";
import { fakeEtcd } from "../../fake/etcd.ts";
import { layout, stored } from "../directory/some-directory.ts";

const self = { prefix: "/p", uid: "n0" };
const one = (containerId: string, last: number, network = "blue"): LocalEndpoint => ({
  ...{ network, containerId, ifname: "eth0" },
  record: { v: 1, ips: [ip(`10.40.0.${last}`)], mac: mac(`0e:2a:0a:28:00:0${last}`) },
});
const key = (network: string, name: string, uid = "n0") => `/p/v1/endpoints/${network}/${uid}/${name}.eth0`;

const nodeKey = "/p/v1/nodes/n0";
const held = { key: nodeKey, target: "version", number: "1" } as const;

async function store() {
  const fake = fakeEtcd();
  const client = fake.client();
  const node = { v: 1, uid: "n0", name: "n0", epoch: 0, platform: "linux" };
  await client.txn([], [{ kind: "put", key: nodeKey, value: JSON.stringify(node) }]);
  const state = async () => {
    const { kvs, revision } = await client.list("/p/v1/");
    return listedState(layout, { kvs, revision });
  };
  const publish = async (...local: readonly LocalEndpoint[]) =>
    publishEndpoints(client, endpointChanges(await state(), self, local), held);
  const all = () =>
    fake.keys().flatMap(({ key: name, value }) => (name === nodeKey ? [] : [`${name} ${value}`]));
  return { client, state, publish, all };
}

describe("this host's containers in a directory", () => {
  it("are there as they are here, and when nothing has changed nothing is written", async () => {
    const { publish, all, state } = await store();
    await publish(one("a", 1), one("b", 2));
    expect(all()).toEqual([
      `${key("blue", "a")} {"v":1,"ips":["10.40.0.1"],"mac":"0e:2a:0a:28:00:01"}`,
      `${key("blue", "b")} {"v":1,"ips":["10.40.0.2"],"mac":"0e:2a:0a:28:00:02"}`,
    ]);
    expect(endpointChanges(await state(), self, [one("a", 1), one("b", 2)])).toEqual([]);
    expect(await publish(one("a", 1), one("b", 2))).toBe("0");
  });

  it("go with what was there before a reboot, in networks that this host has no more, and in no form that can be read", async () => {
    const { publish, all, client } = await store();
    await publish(one("old", 1), one("older", 2, "red"), one("a", 3));
    const garbage = key("blue", "bad");
    const others = key("blue", "theirs", "n9");
    for (const [where, value] of [
      [garbage, "{"],
      [others, stored("x", { v: 1 }, 1).value],
    ] as const)
      await client.txn([], [{ kind: "put", key: where, value }]);
    await publish(one("a", 4));
    expect(all().map((line) => line.split(" ")[0])).toEqual([key("blue", "a"), others]);
    expect(all()[0]).toContain("10.40.0.4");
  });

  it("are written save the one that somebody else has touched", async () => {
    const { publish, all, client, state } = await store();
    await publish(one("a", 1), one("b", 2));
    const changes = endpointChanges(await state(), self, [one("a", 3), one("b", 4)]);
    await client.txn([], [{ kind: "put", key: key("blue", "a"), value: "touched" }]);
    await publishEndpoints(client, changes, held);
    expect(all()[0]).toContain("touched");
    expect(all()[1]).toContain("10.40.0.4");
  });

  it("are not written once the host's record is another's", async () => {
    const { all, client, state } = await store();
    const changes = endpointChanges(await state(), self, [one("a", 3), one("b", 4)]);
    await client.txn([], [{ kind: "put", key: nodeKey, value: "of another host" }]);
    expect(await publishEndpoints(client, changes, held)).toBe("0");
    expect(all()).toEqual([]);
  });

  it("are hundreds in a few transactions", async () => {
    const { publish, all } = await store();
    const many = Array.from({ length: 250 }, (_, i) => one(`c${i}`, (i % 9) + 1));
    await publish(...many);
    expect(all()).toHaveLength(250);
  });
});
