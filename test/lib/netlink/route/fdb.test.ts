import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { mac } from "../../../../lib/addr/mac.ts";
import {
  appendFdb,
  decodeFdb,
  deleteFdb,
  dumpFdb,
  type NewFdb,
  replaceFdb,
} from "../../../../lib/netlink/route/fdb.ts";
import { expectGolden } from "../expect-golden.ts";
import { golden } from "../golden.ts";

const fdb = golden("route/fdb.txt");
const NDMSG = 12;
const nine = mac("02:00:00:00:00:09");
const ten = mac("02:00:00:00:00:0a");
const nobody = mac("00:00:00:00:00:00");
const far: NewFdb = { index: 5, mac: nine, vtep: ip("192.0.2.9"), on: "self", state: "permanent" };
const far6: NewFdb = { ...far, index: 6, vtep: ip("fd00::9") };

test.each([
  ["bridge fdb replace 02:00:00:00:00:09 dev vt0 dst 192.0.2.9 self permanent", replaceFdb(far)],
  [
    "bridge fdb replace 02:00:00:00:00:0a dev vt0 dst 192.0.2.10 self static",
    replaceFdb({ ...far, mac: ten, vtep: ip("192.0.2.10"), state: "noarp" }),
  ],
  [
    "bridge fdb append 00:00:00:00:00:00 dev vt0 dst 192.0.2.9 self permanent",
    appendFdb({ ...far, mac: nobody }),
  ],
  ["bridge fdb replace 02:00:00:00:00:09 dev vt6 dst fd00::9 self permanent", replaceFdb(far6)],
  [
    "bridge fdb replace 02:00:00:00:00:0a dev vx9 master static",
    replaceFdb({ index: 4, mac: ten, on: "master", state: "noarp" }),
  ],
  [
    "bridge fdb replace 02:00:00:00:00:0b dev vx9 master permanent",
    replaceFdb({ index: 4, mac: mac("02:00:00:00:00:0b"), on: "master", state: "permanent" }),
  ],
  ["bridge fdb show dev vt0", dumpFdb({ index: 5 })],
  ["bridge fdb del 02:00:00:00:00:09 dev vt0 dst 192.0.2.9 self", deleteFdb(far)],
  ["bridge fdb del 02:00:00:00:00:0a dev vx9 master", deleteFdb({ index: 4, mac: ten, on: "master" })],
  ["bridge fdb del 02:00:00:00:00:09 dev vt6 self", deleteFdb({ index: 6, mac: nine, on: "self" })],
] as const)("%s is sent as bridge sends it", (command, request) => {
  expectGolden(request, fdb(command), NDMSG);
});

test("titles are the words of bridge", () => {
  expect(replaceFdb(far).title).toBe("fdb replace 02:00:00:00:00:09 dev index 5 dst 192.0.2.9 self");
  expect(appendFdb({ ...far, mac: nobody }).title).toBe(
    "fdb append 00:00:00:00:00:00 dev index 5 dst 192.0.2.9 self",
  );
  expect(deleteFdb({ index: 4, mac: ten, on: "master" }).title).toBe(
    "fdb del 02:00:00:00:00:0a dev index 4 master",
  );
  expect(dumpFdb({ index: 4 }).title).toBe("fdb show dev index 4");
});

describe("forwarding rows as the kernel tells of them", () => {
  const decoded = (command: string) =>
    fdb(command)
      .replies.map(decodeFdb)
      .map(({ attrs, ...row }) => row);
  const own = { on: "self", master: undefined, state: "permanent", external: false };

  test("are those of a VXLAN with the far end", () => {
    expect(decoded("bridge fdb show dev vt0")).toEqual(
      expect.arrayContaining([
        { ...own, index: 5, mac: nine, vtep: "192.0.2.9" },
        { ...own, index: 5, mac: ten, vtep: "192.0.2.10", state: "noarp" },
        { ...own, index: 5, mac: nobody, vtep: "192.0.2.9" },
      ]),
    );
    expect(decoded("bridge fdb show dev vt6")).toEqual([{ ...own, index: 6, mac: nine, vtep: "fd00::9" }]);
  });

  test("are, of a port, those of its bridge and its own", () => {
    const ofBridge = { ...own, index: 4, on: "master", master: 2, vtep: undefined };
    const rows = decoded("bridge fdb show dev vx9");
    expect(rows).toHaveLength(4);
    expect(rows).toEqual(
      expect.arrayContaining([
        { ...ofBridge, mac: ten, state: "noarp" },
        { ...ofBridge, mac: "02:00:00:00:00:0b" },
        { ...own, index: 4, mac: "33:33:00:00:00:01", vtep: undefined },
      ]),
    );
  });

  test("are read in every state", () => {
    const [row] = fdb("bridge fdb show dev vt6").replies;
    const inState = (state: number, flags = 2) => {
      const payload = Uint8Array.from(row?.payload ?? []);
      payload.set([state, 0, flags], 8);
      const { state: name, external } = decodeFdb({ type: 28, flags: 0, payload });
      return [name, external];
    };
    expect([inState(0x02), inState(0x04), inState(0x40, 0x10)]).toEqual([
      ["reachable", false],
      ["stale", false],
      ["noarp", true],
    ]);
  });

  test("are what was asked for", () => {
    for (const wanted of [far, far6, { ...far, state: "noarp" } as const]) {
      const { type, flags, payload } = replaceFdb(wanted);
      expect(decodeFdb({ type, flags, payload })).toMatchObject(wanted);
    }
  });

  test("must have a MAC", () => {
    const { type, flags, payload } = dumpFdb({ index: 5 });
    expect(() => decodeFdb({ type, flags, payload })).toThrow(RangeError);
  });
});
