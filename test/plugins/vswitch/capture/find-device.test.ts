import { expect, test } from "vitest";
import { findDevice } from "../../../../plugins/vswitch/capture/find-device.ts";
import type { Host } from "../../../../plugins/vswitch/host.ts";
import { rowOf } from "../fixture.ts";
import { lanGuest, natGuest } from "../guest/fixture.ts";

const guests = [
  natGuest({ owner: { containerId: "joined" }, ips: ["10.88.0.5/16"] }),
  natGuest({
    owner: { containerId: "port" },
    config: { vmNicAttach: "switch", tapName: "vm-tap" },
    ips: ["10.88.0.6/16"],
  }),
  lanGuest({ owner: { containerId: "hanging" }, ips: [] }),
  lanGuest({ owner: { containerId: "named" }, config: { tapName: "tap0" }, ips: [] }),
];
const host = {
  store: { endpoints: { list: () => guests.map((plan) => rowOf(plan)) }, networks: { list: () => [] } },
  backend: { observeCounters: () => ({ ports: [], switches: [] }) },
} as unknown as Host;

test("a tunnel is captured by its name: what goes out there comes from containers", () => {
  const vswitch = { kind: "overlay", name: "vsw-blue", network: "blue", tunnel: { name: "vsx-blue" } };
  const networks = { list: () => [{ name: "blue", spec: { switch: vswitch } }] };
  const tunneled = { ...host, store: { ...host.store, networks } } as unknown as Host;
  expect(findDevice("vsx-blue", tunneled)).toEqual({ name: "vsx-blue", title: "vsx-blue", outward: true });
  expect(findDevice("blue", tunneled)).toEqual({ name: "vsw-blue", title: "vsw-blue" });
});

test.each([
  ["joined", /^vp-/],
  ["port", /^vm-tap$/],
  ["vm-tap", /^vm-tap$/],
  // On the tap itself what the guest sends would come in.
  ["hanging", /^vj-\w+ in \/run\/netns\/hanging$/],
  ["named", /^eth0 in \/run\/netns\/named$/],
])("a guest %s is captured on %s", (target, title) => {
  expect(findDevice(target, host).title).toMatch(title);
});
