import { describe, expect, it } from "vitest";
import { acl, between, datagram } from "./acl-scene.ts";
import type { Lane } from "./lane.ts";
import { createLab, whyNoNat } from "./nat-lab.ts";
import { type Bytes, ETH, ethernet, tagged } from "./wire.ts";

const reason = whyNoNat();
const nothing: readonly string[] = [];

const etherTypes: Readonly<Record<string, (lane: Lane) => Bytes>> = {
  "a protocol of our own": ({ from, to }) => ethernet({ to: to.mac, from: from.mac, type: 0x88b5 }, [0, 1]),
  "802.3": ({ from, to }) => ethernet({ to: to.mac, from: from.mac, type: 4 }, [0xfe, 0xfe, 3, 0x83]),
};

/** They hide what the ACLs are about. */
const wrapped: Readonly<Record<string, (lane: Lane) => Bytes>> = {
  "two priority tags": (lane) => tagged(tagged(datagram(lane, 4, 1, 53), 0), 0),
  "two priority tags, one of a service": (lane) => tagged(tagged(datagram(lane, 6, 1, 53), 0, ETH.qinq), 0),
  SNAP: (lane) => {
    const inner = datagram(lane, 4, 1, 53).slice(12);
    const snap = [0xaa, 0xaa, 3, 0, 0, 0, ...inner];
    return ethernet({ to: lane.to.mac, from: lane.from.mac, type: snap.length }, snap);
  },
};

describe.skipIf(reason !== undefined)(`what is no IP${reason ? ` (${reason})` : ""}`, () => {
  it.each([
    ["passes where the default is Allow", "Allow", 1],
    ["does not where it is Block", "Block", 0],
  ] as const)("%s", async (_, defaultAction, arrived) => {
    await using lab = await createLab();
    const { out, back, dropped } = await between(lab, {
      defaultAction,
      policies: [acl("Block", "Out", { Protocols: "17" })],
    });
    for (const [title, frame] of Object.entries(etherTypes)) {
      expect(await out.send(frame(out)), title).toHaveLength(arrived);
      expect(await back.send(frame(back)), title).toHaveLength(arrived);
      expect(await dropped("out"), title).toBe(1 - arrived);
      expect(await dropped("in"), title).toBe(1 - arrived);
    }
  });

  it("but hides IP passes no ACL, whatever the default", async () => {
    await using lab = await createLab();
    const policies = [
      acl("Block", "Out", { Protocols: "17", RemotePorts: "53" }),
      acl("Block", "In", { Protocols: "17", LocalPorts: "53" }),
    ];
    const { out, back, dropped } = await between(
      lab,
      { guard: false, defaultAction: "Allow", policies },
      { guard: false },
    );
    for (const [title, frame] of Object.entries(wrapped)) {
      expect(await out.send(frame(out)), title).toEqual(nothing);
      expect(await dropped("out"), title).toBe(1);
      expect(await back.send(frame(back)), title).toEqual(nothing);
      expect(await dropped("in"), title).toBe(1);
    }
  });
});
