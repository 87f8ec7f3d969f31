import { expect, test } from "vitest";
import { observeCounters } from "../../../lib/linux/observe-counters.ts";
import { fakePlugin } from "../verbs/fake-plugin.ts";

test("a guest's tap that is a port is counted as any port", () => {
  const plugin = fakePlugin();
  plugin.add("web", { ipam: { subnet: "10.8.0.0/24" } });
  plugin.add("vm", {
    ipam: { subnet: "10.8.0.0/24" },
    vnic: "vmNic",
    vmNicAttach: "switch",
    tapName: "vm-tap",
  });
  plugin.add("pod", { ipam: { subnet: "10.8.0.0/24" }, vnic: "vmNic", tapName: "tap0" });
  const { ports } = observeCounters(plugin.kernel, 0);
  expect(ports.map(({ name, switch: on }) => [name.replace(/^vp-.*/, "vp-..."), on])).toEqual([
    ["vp-...", "vsw-net"],
    ["vp-...", "vsw-net"],
    ["vm-tap", "vsw-net"],
  ]);
});
