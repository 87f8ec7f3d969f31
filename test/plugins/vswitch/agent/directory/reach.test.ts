import { describe, expect, it } from "vitest";
import type { OverlaySwitch } from "../../../../../lib/model/switch.ts";
import type { Connected, Reaching } from "../../../../../lib/seam/backend.ts";
import { reach, type Way } from "../../../../../plugins/vswitch/agent/directory/reach.ts";

const vswitch = { network: "blue", mtu: 1450 } as OverlaySwitch;
const done: Connected = { written: 0, removed: 0, failures: [] };

function scene(outcomes: (Connected | undefined | Error)[] = []) {
  const calls: (Reaching | "repair")[] = [];
  let at = 0;
  const reaching = reach({
    backend: {
      connectPeers: (_, __, how) => {
        calls.push(how ?? {});
        const outcome = outcomes.length > 0 ? outcomes.shift() : done;
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
      repairSwitch: () => {
        calls.push("repair");
        return [];
      },
    },
    whileUsed: () => (fn) => fn(),
    plans: () => [],
    say: () => {},
    now: () => at,
    random: () => 0.5,
  });
  const way = (over: Partial<Way> = {}): ReadonlyMap<string, Way> =>
    new Map([
      ["blue", { switch: vswitch, remotes: { peers: [], own: [] }, keeping: false, used: true, ...over }],
    ]);
  const run = (ms = 0) => {
    at += ms;
    reaching.run();
    return calls.splice(0);
  };
  return { reaching, way, run };
}

const everything = (keeping = false) => ["repair", { trusting: false, keeping }];
const changes = [{ trusting: true, keeping: false }];

describe("reaching other hosts", () => {
  it("looks at everything first, then at what changes, then at nothing", () => {
    const { reaching, way, run } = scene();
    reaching.want(way());
    expect(run()).toEqual(everything());
    expect(run()).toEqual([]);
    reaching.want(way({ remotes: { peers: [], own: [] } }));
    expect(run()).toEqual(changes);
  });

  it("looks at everything when somebody else was at work, and every few minutes", () => {
    const { reaching, way, run } = scene();
    reaching.want(way());
    run();
    reaching.distrust("red");
    expect(run()).toEqual([]);
    reaching.distrust();
    expect(run()).toEqual(everything());
    expect(run(299_000)).toEqual([]);
    expect(run(2000)).toEqual(everything());
  });

  it("looks at everything when what was remembered has become what a directory says", () => {
    const { reaching, way, run } = scene();
    reaching.want(way({ keeping: true }));
    expect(run()).toEqual(everything(true));
    reaching.want(way());
    expect(run()).toEqual(everything());
  });

  it("does not mend the switch of a network that nobody is on", () => {
    const { reaching, way, run } = scene([undefined]);
    reaching.want(way({ used: false }));
    expect(run()).toEqual([{ trusting: false, keeping: false }]);
    expect(reaching.isThere("blue")).toBe(false);
  });

  it("tries again what failed, ever more seldom, and names it from the second time on", () => {
    const failure = { ...done, failures: [new Error("no room")] };
    const { reaching, way, run } = scene([failure, failure, new Error("no kernel")]);
    reaching.want(way());
    run();
    expect(reaching.complaints("blue")).toEqual([]);
    expect(run(10)).toEqual([]);
    expect(run(100)).toEqual(everything());
    expect(reaching.complaints("blue")).toMatchObject([
      { code: "kernel-refused", text: expect.stringContaining("no room") },
    ]);
    run(200);
    expect(reaching.complaints("blue")[0]?.text).toContain("no kernel");
    run(1000);
    expect(reaching.complaints("blue")).toEqual([]);
  });
});
