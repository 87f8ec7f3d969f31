import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { mac } from "../../../lib/addr/mac.ts";
import { type Identity, nodeName, nodeRecord, nodeUid } from "../../../lib/directory/identity.ts";
import { formatKey, parseKey } from "../../../lib/directory/keys.ts";
import { parseNodeRecord } from "../../../lib/directory/parse-records.ts";
import { formatRecord } from "../../../lib/directory/records.ts";

const id = "0123456789abcdef0123456789abcdef";

describe("the uid of a node", () => {
  it("is the same for ever: what a host has in a directory is its own by this", () => {
    expect(nodeUid(`${id}\n`, "/var/lib/cni/vswitch")).toBe("c6e853b976dc1bfc96f0023a418ff2fa");
  });

  it("does not tell the machine's id, and is another for each folder of state", () => {
    const uid = nodeUid(id, "/a");
    expect(uid).toMatch(/^[0-9a-f]{32}$/);
    expect(uid).not.toBe(id);
    expect(uid).not.toBe(nodeUid(id, "/b"));
    expect(uid).toBe(nodeUid(id.toUpperCase(), "/a"));
  });

  it.each(["", "uninitialized\n", "0".repeat(32), "0123", `${id}0`])(
    "is none where the machine's id is %j",
    (text) => {
      expect(nodeUid(text, "/a")).toBeUndefined();
    },
  );
});

describe("the name of a node", () => {
  it.each([
    ["host-1.example.org\n", "host-1.example.org"],
    ["büro (2)", "b-ro-2-"],
    ["_x", "x"],
    ["", "n1"],
    ["???", "n1"],
    ["a".repeat(300), "a".repeat(253)],
  ])("is what can be of %j", (hostname, name) => {
    expect(nodeName(hostname, "n1")).toBe(name);
  });
});

describe("the record of a node", () => {
  const self: Identity = {
    uid: "n1",
    name: "host-1",
    tunnel: { vtep: ip("192.0.2.1"), mtu: 1450, udpPort: 4789 },
    platform: "linux",
  };
  const at = (more: Partial<NonNullable<Identity["tunnel"]>>): Identity => ({
    ...self,
    tunnel: { vtep: ip("192.0.2.1"), mtu: 1450, udpPort: 4789, ...more },
  });

  it("has a MAC that follows from its address, unless another is given", () => {
    expect(nodeRecord(self).mac).toBe("0e:2a:c0:00:02:01");
    expect(nodeRecord(at({ mac: mac("02:00:00:00:00:09") })).mac).toBe("02:00:00:00:00:09");
  });

  it("keeps the epoch that an administrator gave it, and what others wrote into it", () => {
    const before = { ...nodeRecord(self), epoch: 3, other: { rack: 7 } };
    const after = nodeRecord(at({ vtep: ip("192.0.2.2") }), before);
    expect(after).toMatchObject({ epoch: 3, other: { rack: 7 }, vtep: "192.0.2.2" });
  });

  it("keeps a tunnel of which the host does not speak, and has none where nobody ever did", () => {
    const { tunnel: _, ...bare } = self;
    expect(nodeRecord({ ...bare, name: "new" }, nodeRecord(self))).toEqual({
      ...nodeRecord(self),
      name: "new",
    });
    expect(nodeRecord(bare)).toEqual({
      v: 1,
      uid: "n1",
      name: "host-1",
      epoch: 0,
      udpPort: 4789,
      platform: "linux",
    });
  });

  it("can be read by all others, and its uid is part of a key", () => {
    expect(parseNodeRecord(formatRecord(nodeRecord(self)))).toEqual(nodeRecord(self));
    const key = { kind: "nodes", uid: nodeUid(id, "/a") ?? "" } as const;
    expect(parseKey("/p", formatKey("/p", key))).toEqual(key);
  });
});
