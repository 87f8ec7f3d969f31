import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Capture } from "./capture.ts";
import { type Attached, whyNoNat } from "./nat-lab.ts";
import { createOverlayLab, type OverlayHost, type OverlayLab, withPeers } from "./overlay-lab.ts";

const why = whyNoNat();
const families = ["ip4", "ip6"] as const;
const modes = [{ mode: "routed" }, { mode: "stretched" }] as const;
const beyond = "192.0.2.254";

describe.skipIf(why).each(modes)(
  `what is for a container of the network, in mode $mode${why ? ` (${why})` : ""}`,
  ({ mode }) => {
    let lab: OverlayLab;
    let first: OverlayHost;
    let a: Attached;
    let b: Attached;
    let capture: Capture;
    beforeEach(async () => {
      lab = await createOverlayLab({ mode });
      first = lab.hosts[0] as OverlayHost;
      [a, b] = (await Promise.all(lab.hosts.map((host) => host.add()))) as [Attached, Attached];
      for (const of of families)
        for (const protocol of ["tcp", "udp"] as const)
          await first.host.echo(b.ns, { protocol, address: b[of], port: 7001 });
      const whole = mode === "routed" ? ["10.40.0.0/16", "fd00:40::/32"] : ["10.50.0.0/24", "fd00:50::/64"];
      const nets = whole.map((net) => `net ${net}`).join(" or ");
      capture = await lab.lan.capture(lab.lan.ns, "host1", `icmp and host ${beyond} or ${nets}`);
    });
    afterEach(async () => {
      await capture?.stop();
      await lab?.[Symbol.asyncDispose]();
    });

    /** Neither from a container nor from the host itself does anything of it come to the wire as it is. */
    const expectNothingLeaves = async () => {
      const { host } = first;
      const asked = [a.ns, host.ns].flatMap((ns) =>
        families.flatMap((of) =>
          (["tcp", "udp"] as const).map((protocol) =>
            host.answers(ns, { protocol, address: b[of], port: 7001, timeoutMs: 200 }),
          ),
        ),
      );
      expect(await Promise.all(asked)).not.toContain(true);
      // Behind all of it, so that all has been seen.
      expect(await host.answersPing(host.ns, beyond)).toBe(true);
      await capture.packet(new RegExp(`${beyond}.*echo`));
      const foreign = capture.packets().filter((line) => !line.includes(beyond));
      expect(foreign).toEqual([]);
    };

    it("goes nowhere once its host is gone from the file", async () => {
      expect(await first.host.answersPing(a.ns, b.ip4)).toBe(true);
      await first.add({ config: withPeers(first.config, () => []) });
      await expectNothingLeaves();
    });

    it("goes nowhere while the tunnel is down, or once somebody has deleted it", async () => {
      const { host } = first;
      const tunnel = `vsx-${first.config.name}`;
      await host.exec(host.ns, "ip", "link", "set", tunnel, "down");
      await expectNothingLeaves();
      await host.exec(host.ns, "ip", "link", "delete", tunnel);
      await expectNothingLeaves();
    });
  },
);
