import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { CniError } from "../../../lib/cni/error.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { createTable, deleteTable } from "../../../lib/netlink/nft/table.ts";
import { deleteLink } from "../../../lib/netlink/route/link.ts";
import { setLink } from "../../../lib/netlink/route/set-link.ts";
import { type FakePlugin, fakePlugin } from "./fake-plugin.ts";

const named: JsonObject = { ipam: { subnet: "10.88.0.0/24" } };
const published = (hostPort: number): JsonObject => ({
  ...named,
  runtimeConfig: { portMappings: [{ hostPort, containerPort: 80, protocol: "tcp" }] },
});
const bandwidth = { ingressRate: 8e6, ingressBurst: 8e6, egressRate: 1e8, egressBurst: 1e8 };
const failing = (code: number, reason: string) => expect.objectContaining({ code, reason });

/** The kernel without its compartments, which come and go with containers. */
const hostOf = ({ kernel }: FakePlugin) => {
  const [host = "", rules = ""] = kernel.dump().split(/\n\/run\/netns\/[\s\S]*?(?=\ntable|$)/);
  return host + rules;
};

describe("a container's life on a nat network", () => {
  it("ends where it began", () => {
    const nat = fakePlugin();
    const before = hostOf(nat);
    const result = nat.add("c1", published(8080));
    expect(result.ips).toEqual([{ address: "10.88.0.2/24", gateway: "10.88.0.1", interface: 2 }]);
    expect(nat.stored()).toEqual(["network net nat", "endpoint net/c1 ready", "lease net 10.88.0.2 c1"]);
    nat.check("c1", result, published(8080));
    nat.del("c1", published(8080));
    nat.gc([], named);
    expect(hostOf(nat)).toBe(before);
    expect(nat.stored()).toEqual(["network net nat"]);
    expect(nat.warnings).toEqual([]);
  });

  it("needs no configuration: the prefix is chosen once and remembered", () => {
    const nat = fakePlugin();
    const [first] = nat.add("c1").ips;
    expect(first?.address).toMatch(/^172\.(1[6-9]|2\d|3[01])\.\d+\.2\/20$/);
    nat.del("c1");
    nat.gc([]);
    expect(nat.add("c2").ips[0]?.gateway).toBe(first?.gateway);
  });

  it("may be ended twice, without its compartment, and without its state", () => {
    const nat = fakePlugin();
    const before = hostOf(nat);
    nat.add("c1", published(8080));
    rmSync(nat.dataDir, { recursive: true });
    nat.kernel.removeCompartment("/run/netns/c1");
    nat.del("c1", published(8080));
    nat.del("c1", published(8080), { CNI_NETNS: "" });
    nat.gc([], named);
    nat.add("c2", named);
    nat.del("c2", named);
    nat.gc([], named);
    expect(hostOf(nat)).toBe(before);
  });

  it("goes on when the state is lost: nobody gets the same address or port", () => {
    const nat = fakePlugin();
    nat.add("c1", published(8080));
    rmSync(nat.dataDir, { recursive: true });
    expect(nat.add("c2", named).ips[0]?.address).toBe("10.88.0.3/24");
    const act = () => nat.add("c3", published(8080));
    expect(act).toThrow(failing(104, "port-taken"));
    expect(act).toThrow("host port 8080/tcp is taken by net/c1/eth0");
  });

  it("is made whole again by the next one where somebody deleted the rules of all", () => {
    const nat = fakePlugin();
    const result = nat.add("c1", published(8080));
    nat.kernel.rules.transaction([deleteTable({ family: "inet", table: "vswitch" })]);
    expect(() => nat.check("c1", result, published(8080))).toThrow(failing(109, "drift"));
    nat.add("c2", { name: "two", ipam: { subnet: "10.99.0.0/24" } });
    nat.check("c1", result, published(8080));
  });

  it("begins once", () => {
    const nat = fakePlugin();
    nat.add("c1", named);
    const before = [nat.kernel.dump(), nat.stored()];
    expect(() => nat.add("c1", named)).toThrow(failing(101, "already-attached"));
    expect([nat.kernel.dump(), nat.stored()]).toEqual(before);
  });

  it("gets no address that is the gateway's, as Microsoft forces it or not", () => {
    const forced = { ...named, optionalFlags: { forceBridgeGateway: true } };
    const nat = fakePlugin();
    const all = ["c1", "c2", "c3"].map((name) => nat.add(name, forced).ips[0]);
    expect(all.map((entry) => entry?.gateway)).toEqual(["10.88.0.2", "10.88.0.2", "10.88.0.2"]);
    expect(all.map((entry) => entry?.address)).toEqual(["10.88.0.1/24", "10.88.0.3/24", "10.88.0.4/24"]);
    const automatic = fakePlugin().add("c1", { optionalFlags: { forceBridgeGateway: true } }).ips[0];
    expect(automatic?.gateway).toMatch(/\.2$/);
    expect(automatic?.address).toMatch(/\.1\/20$/);
  });

  it("gets its address from the subnet that is named, in whatever case", () => {
    expect(fakePlugin().add("c1", { IPAM: { Subnet: "10.99.0.0/24" } }).ips[0]?.address).toBe("10.99.0.2/24");
  });

  it("takes two networks, the first of which keeps the default route", () => {
    const nat = fakePlugin();
    const routes = [{ dst: "0.0.0.0/0" }];
    nat.add("c1", { ipam: { subnet: "10.88.0.0/24", routes } });
    const second = { name: "two", ipam: { subnet: "10.99.0.0/24", routes } };
    const result = nat.add("c1", second, { CNI_IFNAME: "eth1" });
    expect(result.routes).toEqual([{ dst: "0.0.0.0/0", gw: "10.99.0.1", priority: 1000 }]);
  });
});

describe("what stands in the way of an attachment", () => {
  const cases: readonly (readonly [string, number, (nat: FakePlugin) => unknown, string])[] = [
    [
      "a port that is taken",
      104,
      (nat) => [nat.add("c1", published(8080)), nat.add("c2", published(8080))],
      "host port 8080/tcp is taken by net/c1/eth0",
    ],
    [
      "another definition of the network",
      108,
      (nat) => [nat.add("c1", named), nat.add("c2", { ipam: { subnet: "10.99.0.0/24" } })],
      "subnet is 10.88.0.0/24 in use, 10.99.0.0/24 in the configuration",
    ],
    [
      "another isolation of the network",
      108,
      (nat) => [nat.add("c1", named), nat.add("c2", { ...named, DisableInterComputeCommunication: true })],
      "DisableInterComputeCommunication is not set in use, true in the configuration",
    ],
    [
      "another reach of the network",
      108,
      (nat) => [
        nat.add("c1", { ...named, reachable: ["web", "db"] }),
        nat.add("c2", { ...named, reachable: ["db", "web"] }),
        nat.add("c3", { ...named, reachable: true }),
      ],
      "reachable is db,web in use, true in the configuration",
    ],
    [
      "the subnet of another network",
      108,
      (nat) => [nat.add("c1", named), nat.add("c2", { name: "two", ipam: { subnet: "10.88.0.0/16" } })],
      "its subnet 10.88.0.0/16 overlaps 10.88.0.0/24 of network net",
    ],
    ["a pool that is empty", 102, (nat) => [nat.add("c1", pool), nat.add("c2", pool)], ""],
    [
      "a compartment that is none",
      100,
      (nat) => nat.add("c1", named, { CNI_NETNS: "/run/netns/none" }),
      "none",
    ],
    ["a misspelt key", 2, (nat) => nat.add("c1", { ...named, brigde: "b" }), "brigde"],
    [
      "an ipam that gives the gateway's address",
      7,
      (nat) =>
        nat.add("c1", {
          ipam: { subnet: "10.88.0.0/31", gateway: "10.88.0.0" },
          args: { cni: { ips: ["10.88.0.0"] } },
        }),
      "",
    ],
  ];
  const pool = { ipam: { subnet: "10.88.0.0/24", rangeStart: "10.88.0.9", rangeEnd: "10.88.0.9" } };

  it.each(cases)("is an error, with nothing changed: %s", (_, code, act, text) => {
    const nat = fakePlugin();
    let before: unknown;
    const { add } = nat;
    const watched: FakePlugin = {
      ...nat,
      add(...words) {
        nat.kernel.addCompartment("/run/netns/c2");
        before = [hostOf(nat), nat.stored()];
        return add(...words);
      },
    };
    const error = failure(() => act(watched));
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
    expect([hostOf(nat), nat.stored()]).toEqual(before);
  });
});

function failure(act: () => unknown): CniError {
  try {
    act();
  } catch (error) {
    return error as CniError;
  }
  throw new Error("it did not fail");
}

describe("a refusal of the kernel at any moment of ADD", () => {
  it.each([
    ["the first of its network", [], published(8080)],
    ["one more of its network", ["c0"], published(8080)],
    ["one more with limits both ways", ["c0"], { ...named, runtimeConfig: { bandwidth } }],
  ])("leaves host and store as they were: %s", (_, others, config) => {
    const nat = fakePlugin({ ipv6: "disabled" });
    for (const other of others) nat.add(other, named);
    const before = [hostOf(nat), nat.stored()];
    const attempt = (): CniError | undefined => {
      try {
        nat.add("c1", config);
        return undefined;
      } catch (error) {
        return error as CniError;
      }
    };
    let k = 1;
    for (; ; k++) {
      nat.kernel.failAt(k, "ENOMEM");
      const error = attempt();
      nat.kernel.calm();
      if (error === undefined) break;
      expect(error.code).toBeOneOf([5, 105]);
      expect([hostOf(nat), nat.stored()], nat.kernel.log.at(-1)).toEqual(before);
    }
    // Then nothing was left to refuse.
    expect(k).toBeGreaterThan(20);
    expect(nat.stored()).toContain("endpoint net/c1 ready");
  });
});

describe("CHECK", () => {
  it("names everything that is not as it was left", () => {
    const nat = fakePlugin();
    const result = nat.add("c1", published(8080));
    const port = result.interfaces[1]?.name ?? "";
    nat.kernel.host.request(setLink("vsw-net", { up: false }));
    nat.kernel.host.request(deleteLink(port));
    const error = failure(() => nat.check("c1", result, published(8080)));
    expect(error).toMatchObject({ code: 109, reason: "drift" });
    for (const what of ["state of switch vsw-net: expected up, found down", `port ${port}`, "interface eth0"])
      expect(error.message).toContain(what);
  });

  it("does not know an attachment that never was", () => {
    const nat = fakePlugin();
    const result = nat.add("c1", named);
    expect(() => nat.check("c2", result, named)).toThrow(failing(3, "unknown-attachment"));
  });
});

describe("GC", () => {
  it("removes what is not in the list, by the rows and by the marks, and nobody else's", () => {
    const nat = fakePlugin();
    for (const name of ["c1", "c2", "c3"]) nat.add(name, named);
    nat.add("c4", { name: "two", ipam: { subnet: "10.99.0.0/24" } });
    // Rows of the very millisecond in which GC begins may be an ADD's at work.
    Bun.sleepSync(2);
    nat.gc(["c2"], named);
    expect(nat.stored()).toEqual([
      "network net nat",
      "network two nat",
      "endpoint net/c2 ready",
      "endpoint two/c4 ready",
      "lease net 10.88.0.3 c2",
      "lease two 10.99.0.2 c4",
    ]);
    expect(nat.kernel.dump().match(/link vp-/g)).toHaveLength(2);
    rmSync(nat.dataDir, { recursive: true });
    nat.gc([], named);
    expect(nat.kernel.dump().match(/link vp-/g)).toHaveLength(1);
    expect(nat.kernel.dump()).not.toContain("vsw-net");
    expect(nat.kernel.dump()).toContain("vsw-two");
  });
});

describe("STATUS", () => {
  it("is well where an ADD could be served, and changes nothing", () => {
    const nat = fakePlugin();
    const before = nat.kernel.dump();
    nat.status(named);
    expect(nat.kernel.dump()).toBe(before);
  });

  it("is 50 where the kernel cannot, and where the pool is empty", () => {
    const nat = fakePlugin();
    nat.kernel.failAt(1, "EOPNOTSUPP");
    expect(() => nat.status(named)).toThrow(failing(50, "kernel-feature-missing"));
    nat.kernel.calm();
    const pool = { ipam: { subnet: "10.88.0.0/24", rangeStart: "10.88.0.9", rangeEnd: "10.88.0.9" } };
    nat.add("c1", pool);
    expect(() => nat.status(pool)).toThrow(expect.objectContaining({ code: 50 }));
  });
});

it("a table that is somebody else's stays as it is, whatever is called", () => {
  const nat = fakePlugin();
  nat.kernel.rules.transaction([createTable({ family: "inet", table: "vswitch", comment: "mine" })]);
  const before = nat.kernel.dump();
  nat.kernel.addCompartment("/run/netns/c1");
  expect(() => nat.add("c1", named)).toThrow(failing(108, "switch-differs"));
  nat.del("c1", named);
  nat.gc([], named);
  expect(hostOf(nat)).toBe(before);
});
