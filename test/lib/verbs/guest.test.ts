import { expect, test } from "vitest";
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
