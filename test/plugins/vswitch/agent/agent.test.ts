import { describe, expect, test } from "vitest";
import { limiterName } from "../../../../lib/linux/limiter.ts";
import type { HostChange } from "../../../../lib/model/change.ts";
import { affected, type Watched } from "../../../../plugins/vswitch/agent/affected.ts";
import { journal } from "../../../../plugins/vswitch/agent/journal.ts";
import { isQuarrel, nextPatience, type Patience } from "../../../../plugins/vswitch/agent/patience.ts";
import type { RepairReport } from "../../../../plugins/vswitch/repair/repair.ts";
import { wanted as lanSwitch } from "../../../lib/linux/bridge/fixture.ts";
import { lan, vnicOnLan } from "../../../lib/model/path/scene.ts";
import { endpointRow } from "../fixture.ts";
import { natGuest } from "../guest/fixture.ts";

function watched(network: string, containerId: string): Watched {
  const row = endpointRow({ owner: { network, containerId }, ips: ["10.88.0.5/16"] });
  if (row.plan === null) throw new Error("no plan");
  return { ...row, plan: row.plan };
}

const web = watched("net", "web");
const base = watched("net", "base");
const other = watched("other", "c");
const all = [web, base, other];

describe("a change of the host", () => {
  test.each<[HostChange, readonly Watched[]]>([
    [{ kind: "host" }, all],
    [{ kind: "endpoint", key: base.key }, [base]],
    [{ kind: "endpoint", key: "0" }, []],
    [{ kind: "network", mark: "net" }, [web, base]],
    [{ kind: "interface", name: web.plan.port.name }, [web]],
    [{ kind: "interface", name: web.plan.port.name.replace("vp-", "vq-") }, [web]],
    [{ kind: "interface", name: "vsw-other" }, [other]],
    [{ kind: "interface", name: "eth0" }, []],
  ])("%j concerns those that depend on it", (change, expected) => {
    expect(affected([change], all)).toEqual(new Set(expected.map(({ key }) => key)));
  });

  test("of an uplink, its VLAN or the host's adapter concerns what hangs there; its port is none", () => {
    const home = lan("home", { hostAccess: true, vlan: 20, lower: "eth0.20" });
    const plan = vnicOnLan(home, "tv", ["192.0.2.100/24"]);
    const tv: Watched = { key: plan.key, network: "home", plan };
    const concerned = (name: string) => affected([{ kind: "interface", name }], [tv]).size;
    expect(["eth0", "eth0.20", "vsh-home", "eth1", plan.port.name].map(concerned)).toEqual([1, 1, 1, 0, 0]);
  });

  test("concerns a guest whose tap is the port, by the tap and by its limiter", () => {
    const plan = natGuest({ config: { vmNicAttach: "switch", tapName: "vm-tap" }, ips: ["10.88.0.5/16"] });
    const vm: Watched = { key: plan.key, network: "net", plan };
    for (const name of ["vm-tap", limiterName(plan.key)])
      expect(affected([{ kind: "interface", name }], [vm])).toEqual(new Set([plan.key]));
    expect(affected([{ kind: "interface", name: "other-tap" }], [vm])).toEqual(new Set());
  });

  test("concerns what has its uplink there", () => {
    const vswitch = { ...lanSwitch, name: "vsw-lan", uplink: "eth0", lower: "eth0.5", vlan: 5 };
    const onLan: Watched = { ...web, key: "lan", plan: { ...web.plan, switch: vswitch } };
    for (const name of ["eth0", "eth0.5", "vsw-lan"])
      expect(affected([{ kind: "interface", name }], [onLan, web])).toEqual(new Set(["lan"]));
    expect(affected([{ kind: "interface", name: "eth1" }], [onLan, web])).toEqual(new Set());
  });

  test("concerns the endpoints of a network with a long name, of which marks say the beginning", () => {
    const long = watched("n".repeat(120), "c");
    const mark = `${"n".repeat(83)}~0123456789abcdef`;
    expect(affected([{ kind: "network", mark }], [long, web])).toEqual(new Set([long.key]));
  });
});

describe("patience", () => {
  /** Waits in seconds when the same thing happens again and again. */
  function waits(verdict: RepairReport["verdict"], times: number): readonly number[] {
    let patience: Patience | undefined;
    let now = 1_000_000;
    return Array.from({ length: times }, () => {
      patience = nextPatience(patience, verdict, now);
      const wait = (patience?.untilMs ?? now) - now;
      now = (patience?.untilMs ?? now) + 1;
      return wait / 1000;
    });
  }

  test("mends the first times at once, then leaves the endpoint alone for longer and longer", () => {
    expect(waits("mended", 7)).toEqual([0, 0, 0, 1, 2, 4, 8]);
    expect(waits("mended", 20).at(-1)).toBe(300);
  });

  test("tries what cannot be mended less and less often, from the beginning", () => {
    expect(waits("beyond repair", 4)).toEqual([1, 2, 4, 8]);
    expect(waits("differs still", 20).at(-1)).toBe(300);
  });

  test("forgets after five minutes of calm, not before, and waits for nothing meanwhile", () => {
    const trouble = { attempts: 5, lastMs: 1000, untilMs: 3000 } as const;
    expect(nextPatience(trouble, "as planned", 4000)).toEqual({ ...trouble, untilMs: 1000 });
    expect(nextPatience(trouble, "mended", 4000)).toMatchObject({ attempts: 6 });
    expect(nextPatience(trouble, "as planned", 400_000)).toBeUndefined();
    expect(nextPatience(trouble, "mended", 400_000)).toMatchObject({ attempts: 1 });
    expect(nextPatience(undefined, "as planned", 0)).toBeUndefined();
    expect(isQuarrel(trouble)).toBe(true);
  });
});

describe("the journal", () => {
  const who = { network: "net", containerId: "web", ifname: "eth0", key: "0" };
  const difference = { what: "state of eth0", expected: "up", found: "down" };
  const left: RepairReport = {
    ...who,
    verdict: "differs still",
    before: [difference],
    after: [difference],
    why: "EPERM",
  };

  function told(json: boolean) {
    const lines: string[] = [];
    const add = (text: string) => void lines.push(text);
    return { lines, log: journal(json, { print: add, complain: add }) };
  }

  test("tells of what was mended each time, and of what could not be once, until it is something else", () => {
    const { lines, log } = told(false);
    const mended: RepairReport = {
      ...who,
      verdict: "mended",
      before: [difference],
      after: [],
      steps: ["link set eth0 up"],
    };
    for (const report of [left, left, mended, mended, left]) log.report(report);
    expect(lines.map((text) => text.split("\n")[0])).toEqual([
      "net/web/eth0: differs still: EPERM",
      "net/web/eth0: mended",
      "net/web/eth0: mended",
      "net/web/eth0: differs still: EPERM",
    ]);
    log.report({ ...who, verdict: "as planned" });
    log.report(left);
    expect(lines).toHaveLength(5);
  });

  test("says that somebody undoes what is mended", () => {
    const { lines, log } = told(false);
    log.report({ ...who, verdict: "mended", before: [difference], after: [], steps: [] }, 8);
    expect(lines.at(-1)).toBe("net/web/eth0: somebody changes it again and again, it is left alone for 8 s");
  });

  test("is one object per line for programs", () => {
    const { lines, log } = told(true);
    log.say("watching");
    log.warn("locked");
    log.report(left);
    const parsed = lines.map((line) => JSON.parse(line));
    expect(parsed).toMatchObject([{ text: "watching" }, { warning: "locked" }, { verdict: "differs still" }]);
    expect(parsed.every(({ at }) => !Number.isNaN(Date.parse(at)))).toBe(true);
  });
});
