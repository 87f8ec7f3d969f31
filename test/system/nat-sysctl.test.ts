import { describe, expect, it } from "vitest";
import { createLab, dual, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const v4only = { ipam: { subnet: "10.61.0.0/24" } };

/** Runs the plugin where nobody may change kernel settings, as in a container of a runtime. */
const readOnly = {
  wrap: [
    "unshare",
    "-m",
    "sh",
    "-c",
    'mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys; exec "$@"',
    "sh",
  ],
};

describe.skipIf(reason !== undefined)(`read-only kernel settings${reason ? ` (${reason})` : ""}`, () => {
  it("fail the first ADD of a host, which names the setting and leaves nothing", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.done("GC", { config: { ...dual, "cni.dev/valid-attachments": [] } });
    const ns = await host.compartment();
    const before = await host.snapshot(lab.everything);
    for (const [config, key] of [
      [v4only, "disable_ipv6|route_localnet"],
      [dual, "disable_ipv6|accept_ra|accept_dad"],
    ] as const) {
      const refused = await lab.refused("ADD", { id: "x", netns: ns.path, config, call: readOnly });
      expect(refused).toMatchObject({
        code: 5,
        msg: expect.stringMatching(new RegExp(`/proc/sys/net/.*(${key})`)),
      });
      expect(refused.details).toContain("/proc/sys");
      expect(await host.changes(before, lab.everything)).toBe("");
    }
  });

  it("are no obstacle where they are right already", async () => {
    await using lab = await createLab();
    const { host } = lab;
    await lab.add({ config: v4only });
    const container = await lab.add({ config: v4only, call: readOnly });
    expect(await host.answersPing(container.ns, container.gateway4)).toBe(true);
    await lab.done("DEL", { ...container, call: readOnly });
  });
});
