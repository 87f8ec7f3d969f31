import { describe, expect, test } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { absent, surplus } from "../../../../lib/model/compare.ts";
import { tracePacket } from "../../../../lib/model/path/trace-packet.ts";
import type { Backend } from "../../../../lib/seam/backend.ts";
import { formatAwaited } from "../../../../plugins/vswitch/live/format-await.ts";
import { remoteEntries } from "../../../../plugins/vswitch/live/remote-entries.ts";
import { formatTag, parseTag } from "../../../../plugins/vswitch/live/tag.ts";
import { overlayHost } from "../../../lib/model/path/overlay-scene.ts";

describe("the tag of a probe", () => {
  test("is four hexadecimal digits, there and back", () => {
    for (const tag of [1, 0x4a3f, 0xffff]) expect(parseTag(formatTag(tag))).toBe(tag);
    for (const text of ["", "0000", "4a3", "4a3f0", "4a3g", "0x1f"])
      expect(() => parseTag(text)).toThrow("is no tag");
  });
});

describe("trace --diff-kernel", () => {
  test("compares rows of other hosts where the trace has looked at them, by who is known and who is here", () => {
    const { scene, web, far } = overlayHost(1, "stretched");
    const traced = (key: string) =>
      tracePacket(
        scene,
        { kind: "endpoint", key },
        { kind: "ip", destination: ip("10.50.0.22"), protocol: 1 },
      );
    const asked: unknown[] = [];
    const backend: Pick<Backend, "comparePeers"> = {
      comparePeers: ({ network }, { peers, own }) => {
        asked.push({ network, peers: peers.map(({ node }) => node), own });
        return [...absent("fdb a"), ...surplus("neigh b")];
      },
    };
    expect(remoteEntries(traced(web.key), scene, backend)).toEqual([
      {
        endpoint: "what leads to other hosts of blue",
        entries: [
          expect.objectContaining({ kind: "missing", what: "fdb a" }),
          expect.objectContaining({ kind: "extra", what: "neigh b" }),
        ],
      },
    ]);
    expect(asked).toEqual([
      {
        network: "blue",
        peers: ["host-2"],
        own: ["10.50.0.12", "fd00:50::12", "10.50.0.13", "fd00:50::13"],
      },
    ]);
    const elsewhere = tracePacket(
      scene,
      { kind: "endpoint", key: far.key },
      { kind: "ip", destination: ip("198.51.100.9"), protocol: 1 },
    );
    expect(remoteEntries(elsewhere, scene, backend)).toEqual([]);
  });
});

describe("a probe that was awaited", () => {
  test("is told stage by stage, and how it ended", () => {
    const seen = {
      source: ip("10.40.1.2"),
      destination: ip("10.40.2.2"),
      sourcePort: 4,
      destinationPort: 80,
    };
    const at = { ms: 0.5, what: "came in" };
    const text = formatAwaited(0x4a3f, {
      seen,
      stages: [
        { ...at, ms: 0, stage: "underlay.arrival", place: "interface eth0" },
        { ...at, stage: "tunnel.in", place: "tunnel vsx-blue" },
        { ...at, stage: "tunnel.in", place: "elsewhere" },
      ],
      last: "elsewhere",
      verdict: { kind: "vanished", after: "elsewhere", stages: [], hint: "nobody knows" },
      blind: ["rules of legacy iptables"],
    });
    expect(text.split("\n")).toEqual([
      "The probe 4a3f, 10.40.1.2:4 -> 10.40.2.2:80:",
      "",
      "STAGE             KERNEL",
      "underlay.arrival  0.00 ms interface eth0: came in",
      "tunnel.in         0.50 ms tunnel vsx-blue: came in",
      "                  0.50 ms elsewhere: came in",
      "",
      "It vanished after elsewhere: nobody knows.",
      "Not watched: rules of legacy iptables.",
    ]);
  });

  test("and did not come is told with what to look at", () => {
    const verdict = { kind: "vanished", after: "nowhere", stages: [], hint: "look there" } as const;
    expect(formatAwaited(1, { stages: [], last: "nowhere", verdict, blind: [] })).toBe(
      "The probe 0001 did not come: look there.",
    );
  });
});
