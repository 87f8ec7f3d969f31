import { expect, test } from "vitest";
import { mac } from "../../../lib/addr/mac.ts";
import { setLink } from "../../../lib/netlink/route/set-link.ts";
import { fakePlugin } from "./fake-plugin.ts";

const vm = { vnic: "vmNic" };
const lan = { name: "lan", ipam: { ranges: [[{ subnet: "10.9.0.0/24" }], [{ subnet: "fd09::/64" }]] } };
const nat = { ipam: { ranges: [[{ subnet: "10.8.0.0/24" }], [{ subnet: "fd08::/64" }]] } };
const second = { CNI_IFNAME: "eth1" };

test("the second NIC of a guest gets its default routes behind those of the first", () => {
  const plugin = fakePlugin();
  expect(plugin.add("c1", { ...nat, ...vm }).routes.map(({ priority }) => priority)).toEqual([
    undefined,
    undefined,
  ]);
  expect(plugin.add("c1", { ...lan, ...vm }, second).routes).toMatchObject([
    { dst: "0.0.0.0/0", priority: 1000 },
    { dst: "::/0", priority: 1025 },
  ]);
});

test("a guest's default route is nothing to the compartment beside it", () => {
  const plugin = fakePlugin();
  plugin.add("c1", { ...nat, ...vm });
  const { routes } = plugin.add("c1", lan, second);
  expect(routes.map(({ priority }) => priority)).toEqual([undefined, undefined]);
});

test.each([
  ["in the compartment", { ...nat, ...vm, tapName: "tap0" }],
  ["on the host", { ...nat, ...vm, tapName: "tap0", vmNicAttach: "switch" }],
])("a tap whose name is taken %s needs another tapName", (_, config) => {
  const plugin = fakePlugin();
  plugin.add("c1", config);
  expect(() => plugin.add("c1", config, second)).toThrow(
    expect.objectContaining({ code: 101, details: expect.stringContaining("another tapName") }),
  );
});

test("the MAC of a tap that is a port is not for its owner to choose", () => {
  const plugin = fakePlugin();
  const config = { ...nat, ...vm, tapName: "tap0", vmNicAttach: "switch" };
  const result = plugin.add("c1", config);
  plugin.check("c1", result, config);
  plugin.kernel.host.request(setLink("tap0", { mac: mac("02:00:00:00:00:99") }));
  expect(() => plugin.check("c1", result, config)).toThrow(/MAC of tap tap0: expected .*02:00:00:00:00:99/);
});
