import { describe, expect, it } from "vitest";
import { ip } from "../../../lib/addr/ip.ts";
import { type Mac, mac } from "../../../lib/addr/mac.ts";
import { prefix } from "../../../lib/addr/prefix.ts";
import { publishedElement } from "../../../lib/linux/layout/element.ts";
import { encodeAdd, encodeDelete } from "../../../lib/linux/layout/element-requests.ts";
import { endpointAlias } from "../../../lib/linux/mark.ts";
import { diff } from "../../../lib/model/diff.ts";
import { portMac } from "../../../lib/model/plan.ts";
import { flushChain } from "../../../lib/netlink/nft/rule.ts";
import { createTable } from "../../../lib/netlink/nft/table.ts";
import { addAddress, deleteAddress } from "../../../lib/netlink/route/address.ts";
import { createBridge } from "../../../lib/netlink/route/bridge.ts";
import { decodeLink } from "../../../lib/netlink/route/decode-link.ts";
import { deleteLink, getLink } from "../../../lib/netlink/route/link.ts";
import { addRoute } from "../../../lib/netlink/route/route.ts";
import { setLink } from "../../../lib/netlink/route/set-link.ts";
import { createVeth } from "../../../lib/netlink/route/veth.ts";
import { expectApproved } from "../../approved.ts";
import type { NatCase } from "../../plugins/nat/fixture.ts";
import { type Lab, lab, momentsOf } from "./fake-host.ts";
import { everyPolicy } from "./policies.ts";

const web = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
const dual: NatCase = {
  ips: ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1"],
  ports: [web, { hostPort: 53, containerPort: 53, protocol: "udp" }, { ...web, hostIP: "192.0.2.1" }],
};

const differences = ({ backend }: Lab, plan: Parameters<Lab["apply"]>[0]) =>
  diff(plan, backend.observe(plan)).map(({ what }) => what);
const failing = (code: number, reason: string) => expect.objectContaining({ code, reason });

/** Another interface of the host, with an address. */
function hostLink({ kernel }: Lab, name: string, address: string): number {
  kernel.host.request(createBridge({ name, mac: mac("02:00:00:00:00:07"), mtu: 1400, up: true }));
  const index = indexOf(kernel.host, name);
  kernel.host.request(addAddress({ index, address: prefix(address) }));
  return index;
}

function indexOf(netlink: Lab["kernel"]["host"], name: string): number {
  const [reply] = netlink.request(getLink(name));
  if (reply === undefined) throw new Error(`no ${name}`);
  return decodeLink(reply).index;
}

/** Without what the layout's own tests tell: chains, and sets that hold nothing. */
const filled = (dump: string): string =>
  dump
    .split("\n")
    .filter((line, i, all) => !/^ {2}(chain|set|map) /.test(line) || all[i + 1]?.startsWith("    "))
    .join("\n");

describe("attaching", () => {
  it("makes everything that the plan says, as approved", () => {
    const host = lab({ ipv6: "disabled", forwarding: false });
    host.apply(host.plan(dual));
    expectApproved("plans/kernel/dual-stack-with-ports.txt", filled(host.kernel.dump()));
  });

  it("puts every policy where it belongs, as approved", () => {
    const host = lab();
    host.apply(host.plan(everyPolicy));
    expectApproved("plans/kernel/every-policy.txt", filled(host.kernel.dump()));
  });

  it("leaves nothing that CHECK would find missing", () => {
    const host = lab({ ipv6: "disabled", forwarding: false });
    const plan = host.plan(dual);
    host.apply(plan);
    expect(differences(host, plan)).toEqual([]);
    expect(host.backend.isAttached({ key: plan.key, plan })).toBe(true);
  });

  it("works where there is no IPv6 at all", () => {
    const host = lab({ ipv6: "absent", forwarding: false });
    const plan = host.plan({ ips: ["10.88.0.5/16"], ports: [web] });
    host.apply(plan);
    expect(differences(host, plan)).toEqual([]);
  });

  it("asks for the same network again without a step for its switch", () => {
    const host = lab();
    host.apply(host.plan({ ips: ["10.88.0.5/16"] }));
    const before = host.kernel.log.length;
    host.apply(host.plan({ owner: { containerId: "c2" }, ips: ["10.88.0.6/16"] }));
    const asked = host.kernel.log.slice(before).join("\n");
    expect(asked).not.toMatch(/create (table|element)|add (table|chain|rule|set)|type bridge|vsw-net.*alias/);
  });

  it.each([
    ["with ports", dual],
    ["without", { ips: dual.ips }],
    ["with every policy", everyPolicy],
  ])("twice is refused and changes nothing: %s", (_, one) => {
    const host = lab();
    const plan = host.plan(one);
    host.apply(plan);
    const once = host.kernel.dump();
    expect(() => host.apply(plan)).toThrow(failing(101, "interface-exists"));
    expect(host.kernel.dump()).toBe(once);
  });

  it("is refused where the compartment has such an interface, which stays", () => {
    const host = lab();
    const plan = host.plan(dual);
    const inside = host.kernel.openCompartment(plan.compartment.path);
    inside.netlink.request(createBridge({ name: "eth0", mtu: 1400 }));
    const act = () => host.apply(plan);
    expect(act).toThrow(failing(101, "interface-exists"));
    expect(act).toThrow("interface eth0 exists in /run/netns/c1 already");
    expect(host.kernel.dump()).toContain("link eth0 bridge");
  });

  it("is refused where another endpoint has the port, which keeps it", () => {
    const host = lab();
    const one = host.plan({ ips: ["10.88.0.5/16"], ports: [web] });
    host.apply(one);
    const before = host.kernel.dump();
    const two = host.plan({ owner: { containerId: "c2" }, ips: ["10.88.0.6/16"], ports: [web] });
    expect(() => host.apply(two)).toThrow(failing(104, "port-taken"));
    expect(host.kernel.dump().replace(/\n\/run\/netns\/c2\n.*\n/, "\n")).toBe(before);
    expect(differences(host, one)).toEqual([]);
  });

  it("is refused where a table or a bridge is somebody else's, with nothing changed", () => {
    const foreignTable = lab();
    foreignTable.kernel.rules.transaction([
      createTable({ family: "inet", table: "vswitch", comment: "mine" }),
    ]);
    const foreignBridge = lab();
    hostLink(foreignBridge, "vsw-net", "192.0.2.1/24");
    const otherFamily = lab();
    otherFamily.kernel.rules.transaction([createTable({ family: "bridge", table: "vswitch" })]);
    for (const host of [foreignTable, otherFamily, foreignBridge]) {
      const plan = host.plan(dual);
      const before = host.kernel.dump();
      expect(() => host.apply(plan)).toThrow(failing(108, "switch-differs"));
      expect(host.kernel.dump()).toBe(before);
      expect(host.backend.removeSwitch(plan.switch)).toBe(host !== foreignBridge);
      expect(host.kernel.dump()).toBe(before);
    }
  });

  it("goes behind the default route of the first network", () => {
    const host = lab();
    host.apply(host.plan({ ips: ["10.88.0.5/16", "fd00::5/64"] }));
    const second = host.plan({
      owner: { network: "other", ifname: "eth1" },
      ips: ["10.99.0.5/16", "fd01::5/64"],
      routes: [{ dst: prefix("0.0.0.0/0") }],
    });
    host.apply(second);
    expect(second.vnic.routes.map((route) => route.priority)).toEqual([1000, 1025]);
    expect(differences(host, second)).toEqual([]);
  });

  it("keeps the default route of a host that has it from router advertisements", () => {
    const host = lab({ forwarding: false });
    const index = hostLink(host, "eth0", "2001:db8::2/64");
    host.kernel.host.request(
      addRoute({ dst: prefix("::/0"), gateway: ip("2001:db8::1"), index, protocol: 9 }),
    );
    host.apply(host.plan({ ips: ["fd00::5/64"] }));
    expect(host.kernel.dump()).toMatch(/link eth0 bridge.*\n {4}sysctl ipv6\/accept_ra=2/);
  });

  it("fails when the compartment vanishes meanwhile, at whatever moment, and leaves nothing", () => {
    const calm = lab();
    const planned = calm.plan(dual);
    const moments = momentsOf(calm, () => calm.apply(planned));
    for (const k of moments) {
      const host = lab();
      const plan = host.plan(dual);
      host.kernel.at(k, () => host.kernel.removeCompartment(plan.compartment.path));
      expect(() => host.apply(plan), `at ${host.kernel.log.at(-1)}`).toThrow(
        expect.objectContaining({ code: 100 }),
      );
      host.kernel.calm();
      expect(host.backend.removeSwitch(plan.switch)).toBe(true);
      expect(host.kernel.dump()).toBe(lab().kernel.dump());
    }
  });
});

describe("healing", () => {
  const damages: Readonly<Record<string, (host: Lab) => void>> = {
    "the rules of a chain": ({ kernel }) =>
      kernel.rules.transaction([flushChain("inet", "vswitch", "postrouting")]),
    "a bridge that is down": ({ kernel }) => void kernel.host.request(setLink("vsw-net", { up: false })),
    "an address of the bridge": ({ kernel }) =>
      void kernel.host.request(deleteAddress(indexOf(kernel.host, "vsw-net"), prefix("fd00::1/64"))),
    "an element of the network": ({ kernel }) =>
      kernel.rules.transaction(encodeDelete([{ set: "nat4", key: ["10.88.0.0/16"] }])),
    forwarding: ({ kernel }) => void kernel.writeSysctl(["ipv4", "ip_forward"], "0"),
  };

  it.each(Object.entries(damages))("comes with the next attachment, and CHECK names it: %s", (_, damage) => {
    const host = lab();
    const plan = host.plan(dual);
    host.apply(plan);
    damage(host);
    expect(differences(host, plan)).toHaveLength(1);
    const next: NatCase = {
      owner: { containerId: "c2" },
      ips: ["10.88.0.6/16"],
      over: { switch: plan.switch },
    };
    host.apply(host.plan(next));
    expect(differences(host, plan)).toEqual([]);
  });

  it("is not what CHECK does: it changes nothing", () => {
    const host = lab();
    const plan = host.plan(dual);
    host.apply(plan);
    for (const damage of Object.values(damages)) damage(host);
    const before = host.kernel.dump();
    expect(differences(host, plan)).toHaveLength(Object.keys(damages).length);
    expect(host.kernel.dump()).toBe(before);
  });

  it("is nobody's where the port or the compartment is gone; CHECK names that too", () => {
    const host = lab();
    const plan = host.plan(dual);
    host.apply(plan);
    host.kernel.host.request(deleteLink(plan.port.name));
    expect(differences(host, plan)).toEqual([`port ${plan.port.name}`, "interface eth0 in /run/netns/c1"]);
    host.kernel.removeCompartment(plan.compartment.path);
    expect(differences(host, plan)).toContain("compartment /run/netns/c1");
  });
});

describe("removing", () => {
  it("ends where attaching began", () => {
    const host = lab();
    const plan = host.plan(dual);
    const before = host.kernel.dump();
    host.apply(plan);
    host.backend.remove({ key: plan.key, plan });
    expect(host.backend.isAttached({ key: plan.key, plan })).toBe(false);
    expect(host.backend.removeSwitch(plan.switch)).toBe(true);
    expect(host.kernel.dump()).toBe(before);
  });

  it("needs the key alone: the marks say the rest", () => {
    const host = lab();
    const plan = host.plan(dual);
    const before = host.kernel.dump();
    host.apply(plan);
    host.backend.remove({ key: plan.key });
    host.backend.removeSwitch(plan.switch);
    expect(host.kernel.dump()).toBe(before);
  });

  it("needs no compartment, and does not mind what is gone already", () => {
    const host = lab();
    const plan = host.plan(dual);
    host.apply(plan);
    host.kernel.removeCompartment(plan.compartment.path);
    host.backend.remove({ key: plan.key, plan });
    host.backend.remove({ key: plan.key, plan });
    host.backend.remove({ key: plan.key });
    expect(host.backend.removeSwitch(plan.switch)).toBe(true);
    expect(host.backend.removeSwitch(plan.switch)).toBe(true);
    expect(host.kernel.dump()).toBe(lab().kernel.dump());
  });

  it("leaves a port alone that has gone to somebody else since", () => {
    const host = lab();
    const plan = host.plan({ ips: ["10.88.0.5/16"], ports: [web] });
    host.apply(plan);
    const elements = [{ set: "published4_any", key: ["tcp", 8080] }] as const;
    host.kernel.rules.transaction(encodeDelete(elements));
    const theirs = { protocol: "tcp", hostPort: 8080, address: ip("10.88.0.9"), containerPort: 80 } as const;
    host.kernel.rules.transaction(encodeAdd([publishedElement(theirs, "somebody's")]));
    host.backend.remove({ key: plan.key, plan });
    expect(host.kernel.dump()).toContain('tcp . 8080 comment "somebody\'s"');
  });

  it("leaves an interface alone that only has the port's name", () => {
    const other = mac("02:00:00:00:00:07");
    for (const make of [
      (name: string, own: Mac) => [createBridge({ name, mac: own, mtu: 1500 })],
      (name: string) => [createVeth({ name, mac: other, peer: { name: "far" } })],
      (name: string, own: Mac) => [
        createVeth({ name, mac: own, peer: { name: "far" } }),
        setLink(name, { alias: endpointAlias({ network: "net", containerId: "x", ifname: "eth0" }, []) }),
      ],
    ]) {
      const host = lab();
      const plan = host.plan(dual);
      host.kernel.host.requests(make(plan.port.name, portMac(plan.key)));
      const before = host.kernel.dump();
      expect(before).toContain(`link ${plan.port.name}`);
      host.backend.remove({ key: plan.key, plan });
      expect(host.kernel.dump()).toBe(before);
    }
  });

  it("takes a port whose ADD was killed before it bore a mark", () => {
    const host = lab();
    const plan = host.plan(dual);
    const before = host.kernel.dump();
    const { name } = plan.port;
    host.kernel.host.request(createVeth({ name, mac: portMac(plan.key), peer: { name: "far" } }));
    host.backend.remove({ key: plan.key });
    expect(host.kernel.dump()).toBe(before);
  });

  it("of a switch waits for its last port", () => {
    const host = lab();
    const plan = host.plan(dual);
    host.apply(plan);
    const attached = host.kernel.dump();
    expect(host.backend.removeSwitch(plan.switch)).toBe(false);
    expect(host.kernel.dump()).toBe(attached);
  });

  it("of a switch keeps the table for the other network, and takes it with the last one", () => {
    const host = lab();
    const one = host.plan({ ips: ["10.88.0.5/16"] });
    const two = host.plan({ owner: { network: "two", containerId: "c2" }, ips: ["10.99.0.5/16"] });
    host.apply(one);
    host.apply(two);
    host.backend.remove({ key: one.key, plan: one });
    host.backend.removeSwitch(one.switch);
    expect(host.kernel.dump()).not.toContain("vsw-net");
    expect(differences(host, two)).toEqual([]);
    host.backend.remove({ key: two.key, plan: two });
    host.backend.removeSwitch(two.switch);
    expect(host.kernel.dump()).not.toContain("table");
  });

  it("leaves nothing of a network with a very long name", () => {
    const host = lab();
    const plan = host.plan({ ...dual, owner: { network: "n".repeat(200), containerId: "c".repeat(200) } });
    const before = host.kernel.dump();
    host.apply(plan);
    host.backend.remove({ key: plan.key });
    expect(host.backend.removeSwitch(plan.switch)).toBe(true);
    expect(host.kernel.dump()).toBe(before);
  });
});

describe("the marks", () => {
  it("are nobody's on a fresh host", () => {
    expect(lab().backend.marks()).toEqual({ endpoints: [], switches: [] });
  });

  it("say whose everything is, of all networks or of one", () => {
    const host = lab();
    const one = host.plan({ ips: ["10.88.0.5/16", "fd00::5/64"], ports: [web] });
    const two = host.plan({ owner: { network: "two", containerId: "c2" }, ips: ["10.99.0.5/16"] });
    host.apply(one);
    host.apply(two);
    const { endpoints, switches } = host.backend.marks();
    expect(endpoints).toEqual([
      {
        key: one.key,
        owner: one.owner,
        addresses: one.vnic.addresses,
        ports: [
          { protocol: "tcp", hostPort: 8080, family: 4 },
          { protocol: "tcp", hostPort: 8080, family: 6 },
        ],
      },
      { key: two.key, owner: two.owner, addresses: two.vnic.addresses, ports: [] },
    ]);
    expect(switches).toEqual([
      { network: "net", name: "vsw-net", mtu: 1500, gateways: ["10.88.0.1/16", "fd00::1/64"] },
      { network: "two", name: "vsw-two", mtu: 1500, gateways: ["10.99.0.1/16"] },
    ]);
    expect(host.backend.marks("two")).toEqual({ endpoints: endpoints.slice(1), switches: switches.slice(1) });
  });
});

describe("the host as a plan sees it", () => {
  it("has the uplink of its default route, and the prefixes it can reach", () => {
    const host = lab();
    const index = hostLink(host, "eth0", "192.0.2.7/24");
    hostLink(host, "eth1", "10.0.0.7/8");
    host.kernel.host.request(addRoute({ dst: prefix("0.0.0.0/0"), gateway: ip("192.0.2.1"), index }));
    host.kernel.host.request(addRoute({ dst: prefix("172.16.0.0/16"), gateway: ip("192.0.2.9"), index }));
    const { uplink, prefixes, connected } = host.backend.observeHost();
    expect(uplink).toEqual({
      name: "eth0",
      kind: "bridge",
      mtu: 1400,
      mac: "02:00:00:00:00:07",
      addresses: ["192.0.2.7/24"],
    });
    expect(prefixes.toSorted()).toEqual(["10.0.0.0/8", "172.16.0.0/16", "192.0.2.0/24"]);
    expect(connected).toEqual([
      { prefix: "192.0.2.0/24", interface: "eth0" },
      { prefix: "10.0.0.0/8", interface: "eth1" },
    ]);
    const at = (far: string, near: number) =>
      host.kernel.host.request(addRoute({ dst: prefix("::/0"), gateway: ip(far), index: near, priority: 1 }));
    const six = hostLink(host, "eth6", "2001:db8::7/64");
    at("2001:db8::1", six);
    expect(host.backend.observeHost().uplink?.name).toBe("eth0");
    expect(host.backend.observeHost("eth1").uplink?.name).toBe("eth1");
    expect(host.backend.observeHost("eth9").uplink?.name).toBe("eth0");
  });

  it("has the uplink of IPv6 where there is no other, and of the lowest metric where there are several", () => {
    const host = lab();
    for (const [name, address, gateway, priority] of [
      ["eth0", "2001:db8::7/64", "2001:db8::1", 200],
      ["eth1", "2001:db8:1::7/64", "2001:db8:1::1", 100],
    ] as const) {
      const index = hostLink(host, name, address);
      host.kernel.host.request(addRoute({ dst: prefix("::/0"), gateway: ip(gateway), index, priority }));
    }
    expect(host.backend.observeHost().uplink?.name).toBe("eth1");
  });

  it("may have neither", () => {
    expect(lab().backend.observeHost()).toEqual({ prefixes: [], connected: [] });
  });

  it("lacks no feature, or says which", () => {
    const host = lab();
    expect(host.backend.missingFeatures({ taps: false })).toEqual([]);
    host.kernel.failAt(1, "EOPNOTSUPP");
    expect(host.backend.missingFeatures({ taps: false })).toEqual([expect.stringContaining("nftables")]);
  });
});

describe("a compartment", () => {
  it("is held by one at a time, and must be there", () => {
    const { kernel, backend } = lab();
    kernel.addCompartment("/run/netns/c1");
    const held = backend.holdCompartment("/run/netns/c1");
    expect(() => backend.holdCompartment("/run/netns/c1")).toThrow("locked already");
    held.close();
    backend.holdCompartment("/run/netns/c1").close();
    expect(() => backend.holdCompartment("/run/netns/c2")).toThrow(failing(100, "compartment-missing"));
  });
});
