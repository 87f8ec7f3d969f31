import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { CniError } from "../../../lib/cni/error.ts";
import { refused } from "../../../lib/linux/refused.ts";
import { runSteps, StepError, type World } from "../../../lib/linux/run.ts";
import type { Action, Step } from "../../../lib/linux/step.ts";
import type { Netlink } from "../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../lib/netlink/error.ts";
import type { Request } from "../../../lib/netlink/message.ts";
import { type ErrnoName, errno } from "../../../lib/os/errno.ts";

const request = (title: string): Request => ({ title, type: 0, flags: 0, payload: new Uint8Array() });
const refusal = (title: string, name: ErrnoName) => new NetlinkError(title, 0, { errno: errno[name] });

/** A world that writes down what it is told, and refuses requests by their title. */
function writtenDown(refusing: Readonly<Record<string, ErrnoName>> = {}): World & { readonly log: string[] } {
  const log: string[] = [];
  const ask = (where: string, title: string): NetlinkError | undefined => {
    log.push(`${where}: ${title}`);
    const name = refusing[title];
    return name === undefined ? undefined : refusal(title, name);
  };
  const orThrow = (error: NetlinkError | undefined): void => {
    if (error !== undefined) throw error;
  };
  const netlink = (where: string): Netlink => ({
    request: () => [],
    requests: (all) => all.map(({ title }) => ask(where, title) ?? []),
    together: (all) => all.map(({ title }) => ask(`${where} together`, title)),
    transaction: (all) => orThrow(ask(where, all.map(({ title }) => title).join("; "))),
    close() {},
  });
  return {
    log,
    host: netlink("host"),
    rules: netlink("rules"),
    compartment: netlink("compartment"),
    sysctl: (where, key, value, optional) =>
      orThrow(ask(where, `${key.join("/")}=${value}${optional ? " where there" : ""}`)),
    linkIndex(where, name) {
      orThrow(ask(where, `index of ${name}`));
      return 7;
    },
    createTap: (where, tap) => orThrow(ask(where, `tap ${tap.name}`)),
    setTxChecksum: (name, on) => orThrow(ask("host", `checksums of ${name} ${on ? "late" : "early"}`)),
    awaitCarrier: (index) => orThrow(ask("host", `carrier of ${index}`)),
    probe: (where, index, addresses) => orThrow(ask(where, `who has ${addresses.join(" ")} on ${index}`)),
    announce: (index, addresses) => orThrow(ask("host", `announce ${addresses.join(" ")} on ${index}`)),
    forgetFlows: ({ hostPorts }) => orThrow(ask("rules", `flows to ${hostPorts.join(" ")}`)),
  };
}

const host = (...titles: string[]): Action => ({ kind: "host", requests: () => titles.map(request) });
const step = (title: string, over: Partial<Step> = {}): Step => ({
  title,
  scope: "endpoint",
  action: host(title),
  undo: host(`undo ${title}`),
  ...over,
});

describe("running steps", () => {
  it("does each kind of action, in order", () => {
    const world = writtenDown();
    const actions: readonly Action[] = [
      host("a", "b"),
      { kind: "learn", where: "host", role: "port", name: "vp-1" },
      { kind: "compartment", requests: (index) => [request(`link set index ${index("port")}`)] },
      { kind: "sysctl", where: "compartment", key: ["ipv6", "conf", "eth0", "accept_dad"], value: "0" },
      { kind: "sysctl", where: "host", key: ["ipv4", "ip_forward"], value: "1", optional: true },
      { kind: "carrier", role: "port" },
      { kind: "rules", requests: [request("add x"), request("add y")] },
      { kind: "forget-flows", flows: { protocols: ["udp"], hostPorts: [53], addresses: [ip("10.0.0.2")] } },
    ];
    runSteps(
      actions.map((action) => step("s", { action })),
      world,
    );
    expect(world.log).toEqual([
      "host: a",
      "host: b",
      "host: index of vp-1",
      "compartment: link set index 7",
      "compartment: ipv6/conf/eth0/accept_dad=0",
      "host: ipv4/ip_forward=1 where there",
      "host: carrier of 7",
      "rules: add x; add y",
      "rules: flows to 53",
    ]);
  });

  it("tells of every step before it runs", () => {
    const told: string[] = [];
    const world = writtenDown({ b: "EPERM" });
    expect(() => runSteps([step("a"), step("b")], world, (line) => told.push(line))).toThrow();
    expect(told).toEqual(["a", "b", "undo a"]);
  });

  it("stops at a failure and undoes what was done, last first, the failed step left out", () => {
    const world = writtenDown({ c: "ENOMEM" });
    const steps = ["a", "b", "c", "d"].map((title) => step(title));
    expect(() => runSteps(steps, world)).toThrow(StepError);
    expect(world.log).toEqual(["host: a", "host: b", "host: c", "host: undo b", "host: undo a"]);
  });

  it("does not undo what belongs to the switch, nor what has no undo", () => {
    const world = writtenDown({ d: "ENOMEM" });
    const { undo: _, ...plain } = step("c");
    const steps = [step("a"), step("b", { scope: "switch" }), plain, step("d")];
    expect(() => runSteps(steps, world)).toThrow(StepError);
    expect(world.log.slice(4)).toEqual(["host: undo a"]);
  });

  it("fails when any request of a step is refused, and says which step", () => {
    const world = writtenDown({ y: "EINVAL" });
    const error = failure(() => runSteps([step("all", { action: host("x", "y", "z") })], world));
    expect(error.message).toBe("all: y: EINVAL");
    expect(error.step.title).toBe("all");
    expect(error.undoFailures).toEqual([]);
  });

  it.each<[string, Action]>([
    ["requests", host("a")],
    ["transactions", { kind: "rules", requests: [request("a")] }],
  ])("takes a refusal of %s that means that it is so already", (_, action) => {
    const accepting = step("a", { action, accept: ["EEXIST"] });
    expect(() => runSteps([accepting], writtenDown({ a: "EEXIST" }))).not.toThrow();
    expect(() => runSteps([accepting], writtenDown({ a: "EPERM" }))).toThrow("a: a: EPERM");
    expect(() => runSteps([step("a", { action })], writtenDown({ a: "EEXIST" }))).toThrow("EEXIST");
  });

  it.each(["ENOENT", "ENODEV", "ESRCH"] as const)("counts %s while undoing as undone", (name) => {
    const world = writtenDown({ b: "EPERM", "undo a": name });
    expect(failure(() => runSteps([step("a"), step("b")], world)).undoFailures).toEqual([]);
  });

  it("undoes the rest when one cannot be undone, and says what is left", () => {
    const world = writtenDown({ c: "EINVAL", "undo b": "EBUSY" });
    const error = failure(() => runSteps([step("a"), step("b"), step("c")], world));
    expect(world.log.slice(3)).toEqual(["host: undo b", "host: undo a"]);
    expect(error.undoFailures.map(String)).toEqual(["NetlinkError: undo b: EBUSY"]);
    expect(refused("attach", error)).toMatchObject({
      details: "could not be undone: NetlinkError: undo b: EBUSY",
    });
  });

  it("is a defect when a number is asked for before it is known", () => {
    const early: Action = { kind: "carrier", role: "vnic" };
    expect(() => runSteps([step("a", { action: early })], writtenDown())).toThrow(
      "the index of the vnic is not known yet",
    );
  });
});

function failure(act: () => void): StepError {
  try {
    act();
  } catch (error) {
    if (error instanceof StepError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

describe("what the runtime is told of a refusal", () => {
  it.each<[ErrnoName, number, string, RegExp | undefined]>([
    ["EPERM", 110, "permission", /root or CAP_NET_ADMIN/],
    ["EACCES", 110, "permission", /root or CAP_NET_ADMIN/],
    ["EOPNOTSUPP", 105, "kernel-refused", /lacks a feature/],
    ["ENOMEM", 105, "kernel-refused", /short of memory/],
    ["EINVAL", 105, "kernel-refused", undefined],
  ])("%s is code %i", (name, code, reason, details) => {
    const error = refused("attach net/c1/eth0", new StepError(step("a"), refusal("link add x", name), []));
    expect(error).toMatchObject({
      code,
      reason,
      message: `attach net/c1/eth0: a: link add x: ${name}`,
    });
    if (details === undefined) expect(error.details).toBeUndefined();
    else expect(error.details).toMatch(details);
  });

  it("is a feature that the kernel lacks, where it does not know a queueing discipline", () => {
    const told = (operation: string) =>
      refused("attach", new StepError(step("a"), refusal(operation, "ENOENT"), [])).details;
    expect(told("qdisc add dev index 3 root tbf")).toMatch(/lacks a feature/);
    expect(told("qdisc del dev index 3 root")).toBeUndefined();
  });

  it("is the step's own error where that is one for the runtime", () => {
    const own = new CniError(5, "sysctl", { reason: "sysctl" });
    expect(refused("attach", own)).toBe(own);
    expect(refused("attach", new StepError(step("a"), own, []))).toBe(own);
  });

  it("is the step's own error with what could not be undone", () => {
    const own = new CniError(5, "set x", { reason: "sysctl", details: "/proc/sys must be writable" });
    const left = [refusal("link delete vp-1", "EBUSY")];
    expect(refused("attach", new StepError(step("a"), own, left))).toMatchObject({
      code: 5,
      reason: "sysctl",
      message: "set x",
      details: "/proc/sys must be writable; could not be undone: NetlinkError: link delete vp-1: EBUSY",
    });
  });
});
