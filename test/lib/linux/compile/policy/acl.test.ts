import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipFamily, ipNumber } from "../../../../../lib/addr/ip.ts";
import { prefix } from "../../../../../lib/addr/prefix.ts";
import { aclElements, portAcls } from "../../../../../lib/linux/compile/policy/acl.ts";
import { type Box, boxesWith } from "../../../../../lib/linux/compile/policy/acl-boxes.ts";
import { type AclField, aclFields, type PortAcl } from "../../../../../lib/linux/layout/port-acl.ts";
import type { Plan } from "../../../../../lib/model/plan.ts";
import { type Acl, type AclDefault, type AclDirection, judge } from "../../../../../lib/policy/acl.ts";
import { hasPorts } from "../../../../../lib/policy/packet.ts";
import { natPlan } from "../../../../plugins/nat/fixture.ts";
import { aclWith as rule } from "../../../policy/acls.ts";
import { seed } from "../../../seed.ts";
import { acl, aclDefault, direction, type Meeting, meeting, ownAddresses, packetOf } from "./random-acls.ts";

const deny: AclDefault = { In: "Block", Out: "Block" };
const at = (first: number, last = first) => ({ first, last });

function planWith(aclDefault: AclDefault, ips: readonly string[] = ["10.88.0.5/16"]): Plan {
  const plan = natPlan({ ips });
  return { ...plan, port: { ...plan.port, name: "vp-1", aclDefault } };
}

const wholes = { protocol: "0-255", localPort: "0-65535", remotePort: "0-65535" } as const;
const boxValue = ({ family, fields }: PortAcl, box: PortAcl["boxes"][number], field: AclField) =>
  box[fields.indexOf(field)] ?? { ...wholes, remote: family === 4 ? "0.0.0.0/0" : "::/0" }[field];

/** What the ACLs name, with all fields, and the port's elements: "allowed_in4 tcp 0.0.0.0/0 80 0-65535". */
function elementsOf(rules: readonly Acl[], defaults = deny, ips?: readonly string[]): readonly string[] {
  const plan = planWith(defaults, ips);
  const named = portAcls(rules, plan, "whose").flatMap((acl) =>
    acl.boxes.map((box) => {
      const values = aclFields.map((field) => boxValue(acl, box, field));
      return `${acl.verb}_${acl.side}${acl.family} ${values.join(" ")}`;
    }),
  );
  return [...named, ...aclElements(plan).map(({ set }) => set)];
}
/** Those of IPv4 into the container, where the default blocks. */
const allowedIn = (...rules: readonly Partial<Acl>[]) =>
  elementsOf(rules.map(rule)).flatMap((text) => /^allowed_in4 (.*)/.exec(text)?.[1] ?? []);

describe("the elements of a port with ACLs", () => {
  it("make the port judged, by its default alone where there is no rule", () => {
    expect(elementsOf([])).toEqual(["dropped_acl_out", "dropped_acl_in", "judged"]);
    expect(elementsOf([], { In: "Block", Out: "Allow" })).toEqual([
      "dropped_acl_out",
      "default_out",
      "dropped_acl_in",
      "judged",
    ]);
  });

  it("are none where ACLs are not in force", () => {
    const { aclDefault: _, ...port } = planWith(deny).port;
    expect(aclElements({ ...planWith(deny), port })).toEqual([]);
    expect(portAcls([rule()], { ...planWith(deny), port }, "whose")).toEqual([]);
  });

  it("end with what makes packets be judged", () => {
    expect(elementsOf([rule(), rule({ direction: "Out" })]).at(-1)).toBe("judged");
  });

  it("are of both families and of the rule's direction alone", () => {
    const any = "0-255 0.0.0.0/0 0-65535 0-65535";
    const any6 = any.replace("0.0.0.0", "::");
    expect(elementsOf([rule()])).toEqual([
      `allowed_in4 ${any}`,
      `allowed_in6 ${any6}`,
      "dropped_acl_out",
      "dropped_acl_in",
      "judged",
    ]);
    const blocked = elementsOf([rule({ action: "Block", direction: "Out" })], { In: "Block", Out: "Allow" });
    expect(blocked).toContain(`blocked_out4 ${any}`);
    expect(blocked).toContain(`blocked_out6 ${any6}`);
  });

  it.each<[string, readonly Partial<Acl>[], readonly AclField[]]>([
    ["nothing", [{}], ["protocol", "remote"]],
    ["protocols", [{ protocols: [6] }], ["protocol", "remote"]],
    ["addresses", [{ remoteAddresses: [prefix("192.0.2.0/24")] }], ["protocol", "remote"]],
    ["local ports", [{ protocols: [6], localPorts: [at(80)] }], ["protocol", "localPort"]],
    ["remote ports", [{ protocols: [6], remotePorts: [at(80)] }], ["protocol", "remotePort"]],
    [
      "one this, one that",
      [{ protocols: [6], localPorts: [at(80)] }, { remoteAddresses: [prefix("192.0.2.0/24")] }],
      ["protocol", "remote", "localPort"],
    ],
  ])("look at no more fields than they need: rules that name %s", (_, rules, fields) => {
    const plan = planWith(deny);
    const found = portAcls(rules.map(rule), plan, "whose").filter(({ family }) => family === 4);
    expect(found.map((acl) => acl.fields)).toEqual([fields]);
  });

  it("are none for rules that say what the default says", () => {
    expect(allowedIn({ action: "Block" }, { action: "Block", protocols: [6] })).toEqual([]);
  });

  it.each<[string, Partial<Acl>, readonly string[]]>([
    ["protocols by their names", { protocols: [6, 1, 99] }, ["icmp", "tcp", "99"]],
    ["protocols that touch", { protocols: [8, 7, 9, 6] }, ["6-9"]],
  ])("have %s", (_, over, texts) => {
    expect(allowedIn(over)).toEqual(texts.map((text) => `${text} 0.0.0.0/0 0-65535 0-65535`));
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ["a prefix without its host bits", ["192.0.2.9/24"], ["192.0.2.0/24"]],
    ["an address", ["192.0.2.9/32"], ["192.0.2.9/32"]],
    ["prefixes that touch", ["192.0.2.0/25", "192.0.2.128/25"], ["192.0.2.0/24"]],
    ["those that make no prefix", ["192.0.2.64/26", "192.0.2.128/25"], ["192.0.2.64-192.0.2.255"]],
    ["one that holds another", ["192.0.2.0/24", "192.0.2.7/32"], ["192.0.2.0/24"]],
    ["none of the other family", ["2001:db8::/32"], []],
  ])("have of remote addresses %s", (_, remoteAddresses, texts) => {
    expect(allowedIn({ remoteAddresses: remoteAddresses.map(prefix) })).toEqual(
      texts.map((text) => `0-255 ${text} 0-65535 0-65535`),
    );
  });

  it("have local and remote ports, whichever the direction", () => {
    const ported = { protocols: [6], localPorts: [at(80)], remotePorts: [at(1024, 65_535)] };
    const both = elementsOf([rule(ported), rule({ ...ported, direction: "Out" })]);
    expect(both).toContain("allowed_in4 tcp 0.0.0.0/0 80 1024-65535");
    expect(both).toContain("allowed_out4 tcp 0.0.0.0/0 80 1024-65535");
  });

  it("are those of several rules joined where they touch", () => {
    const ports = [80, 82, 81].map((port) => ({ protocols: [6], localPorts: [at(port)] }));
    expect(allowedIn(...ports)).toEqual(["tcp 0.0.0.0/0 80-82 0-65535"]);
    const halves = ["192.0.2.0/25", "192.0.2.128/25"].map((text) => ({ remoteAddresses: [prefix(text)] }));
    expect(allowedIn(...halves)).toEqual(["0-255 192.0.2.0/24 0-65535 0-65535"]);
  });

  it("leave out what an earlier rule blocks, by priority and then by place", () => {
    const block: Partial<Acl> = { action: "Block", remoteAddresses: [prefix("192.0.2.0/24")] };
    const allow: Partial<Acl> = { remoteAddresses: [prefix("192.0.0.0/22")] };
    const cut = ["0-255 192.0.0.0/23 0-65535 0-65535", "0-255 192.0.3.0/24 0-65535 0-65535"];
    const whole = ["0-255 192.0.0.0/22 0-65535 0-65535"];
    expect(allowedIn(block, allow)).toEqual(cut);
    expect(allowedIn(allow, block)).toEqual(whole);
    expect(allowedIn(allow, { ...block, priority: -1 })).toEqual(cut);
  });

  it("say nothing of ports where they are about several protocols", () => {
    const web = { action: "Block", protocols: [6, 17], localPorts: [at(80)] } as const;
    expect(allowedIn(web, {})).toEqual([
      "0-5 0.0.0.0/0 0-65535 0-65535",
      "tcp 0.0.0.0/0 0-79 0-65535",
      "tcp 0.0.0.0/0 81-65535 0-65535",
      "7-16 0.0.0.0/0 0-65535 0-65535",
      "18-255 0.0.0.0/0 0-65535 0-65535",
      "udp 0.0.0.0/0 0-79 0-65535",
      "udp 0.0.0.0/0 81-65535 0-65535",
    ]);
  });

  it("are of the families of which the rule's local addresses hold the endpoint's", () => {
    const local = (...texts: string[]) =>
      elementsOf([rule({ localAddresses: texts.map(prefix) })], deny, ["10.88.0.5/16", "fd00::5/64"])
        .filter((text) => text.startsWith("allowed"))
        .map((text) => text.split(" ")[0]);
    expect(local("10.88.0.0/16")).toEqual(["allowed_in4"]);
    expect(local("fd00::5/128", "10.88.0.5/32")).toEqual(["allowed_in4", "allowed_in6"]);
    expect(local("10.88.0.9/32")).toEqual([]);
  });

  it("are refused where they are more than the kernel takes in time", () => {
    const scattered = (count: number) =>
      Array.from({ length: count }, (_, i) => prefix(`10.${i >> 7}.${(i & 127) * 2}.1/32`));
    const ports = Array.from({ length: 400 }, (_, i) => at(i * 2));
    const act = () =>
      elementsOf([rule({ protocols: [6], remoteAddresses: scattered(400), localPorts: ports })]);
    expect(act).toThrow(expect.objectContaining({ code: 7, reason: "acl-too-many" }));
    expect(act).toThrow("ACLs into the container for IPv4");
  });
});

describe("random ACLs", () => {
  const rules = fc.array(acl, { maxLength: 12 });
  const many = fc.array(acl, { minLength: 100, maxLength: 250 });
  const cases = fc.record({
    defaults: aclDefault,
    own: ownAddresses,
    towards: direction,
    packets: fc.array(meeting, { minLength: 20, maxLength: 60 }),
  });

  const compiled = (
    all: readonly Acl[],
    defaults: AclDefault,
    own: Parameters<typeof judge>[2],
    towards: AclDirection,
  ): Readonly<Record<4 | 6, readonly Box[]>> => {
    const other = defaults[towards] === "Allow" ? "Block" : "Allow";
    const mine = all.filter((one) => one.direction === towards);
    const boxes = (family: 4 | 6) => boxesWith(other, mine, own, family) ?? [];
    return { 4: boxes(4), 6: boxes(6) };
  };

  it.each([
    ["a few", rules, 400],
    ["hundreds", many, 6],
  ])("compiled to boxes do with each packet what the model says: %s", (_, lists, numRuns) => {
    fc.assert(
      fc.property(lists, cases, (all, { defaults, own, towards, packets }) => {
        const boxes = compiled(all, defaults, own, towards);
        for (const one of packets) {
          const found = boxes[ipFamily(one.remote)].filter((box) => holds(box, one));
          const expected = judge(all, defaults, own, towards, packetOf(one, towards)).action;
          expect({ ...one, other: found.length }).toEqual({
            ...one,
            other: expected === defaults[towards] ? 0 : 1,
          });
        }
      }),
      { seed, numRuns },
    );
  });

  it("compiled to boxes share nothing", () => {
    fc.assert(
      fc.property(rules, cases, (all, { defaults, own, towards }) => {
        for (const boxes of Object.values(compiled(all, defaults, own, towards))) {
          for (const [i, a] of boxes.entries()) {
            for (const b of boxes.slice(i + 1)) expect([a, b, meets(a, b)]).toEqual([a, b, false]);
          }
        }
      }),
      { seed, numRuns: 100 },
    );
  });

  it("compiled to boxes name ports only with a protocol that has some", () => {
    fc.assert(
      fc.property(rules, cases, (all, { defaults, own, towards }) => {
        for (const { protocol, localPort, remotePort } of Object.values(
          compiled(all, defaults, own, towards),
        ).flat()) {
          const whole = [localPort, remotePort].every(({ first, last }) => first === 0 && last === 65_535);
          const ported = protocol.first === protocol.last && hasPorts(protocol.first);
          expect({ protocol, localPort, remotePort, fine: whole || ported }).toHaveProperty("fine", true);
        }
      }),
      { seed, numRuns: 100 },
    );
  });

  it("come to the same whatever is left out because nobody meets it", () => {
    fc.assert(
      fc.property(rules, cases, (all, { defaults, own, towards }) => {
        const others = all.filter((one) => one.direction !== towards);
        const mine = all.filter((one) => one.direction === towards);
        expect(compiled([...mine, ...others], defaults, own, towards)).toEqual(
          compiled(mine, defaults, own, towards),
        );
      }),
      { seed, numRuns: 50 },
    );
  });
});

const ranges = (box: Box) => [box.protocol, box.remote, box.localPort, box.remotePort] as const;

function holds(box: Box, { protocol, remote, localPort, remotePort }: Meeting): boolean {
  const bears = hasPorts(protocol);
  const values = [protocol, ipNumber(remote), bears ? localPort : 0, bears ? remotePort : 0];
  return ranges(box).every(({ first, last }, i) => first <= (values[i] ?? 0) && (values[i] ?? 0) <= last);
}

function meets(a: Box, b: Box): boolean {
  const others = ranges(b);
  return ranges(a).every(({ first, last }, i) => {
    const other = others[i];
    return other !== undefined && first <= other.last && other.first <= last;
  });
}

describe("long lists of ACLs", () => {
  const count = 10_000;
  const address = (i: number, family: 4 | 6) =>
    prefix(
      family === 4
        ? `10.${i >> 14}.${(i >> 7) & 127}.${(i & 127) * 2}/32`
        : `fd00:0:0:${(i * 2).toString(16)}::/64`,
    );
  const lists: Readonly<Record<string, readonly Acl[]>> = {
    "one address each": Array.from({ length: count }, (_, i) => rule({ remoteAddresses: [address(i, 4)] })),
    "one prefix each of IPv6": Array.from({ length: count }, (_, i) =>
      rule({ remoteAddresses: [address(i, 6)] }),
    ),
    "one port each": Array.from({ length: count }, (_, i) =>
      rule({ protocols: [6], localPorts: [at(i * 2)] }),
    ),
    "an address and a port each": Array.from({ length: count }, (_, i) =>
      rule({ protocols: [6], remoteAddresses: [address(i, 4)], localPorts: [at(i % 100)] }),
    ),
    "exceptions of one that allows all": [
      ...Array.from({ length: count }, (_, i) => rule({ action: "Block", remoteAddresses: [address(i, 4)] })),
      rule({ priority: 1 }),
    ],
    "one list of addresses": [
      rule({ remoteAddresses: Array.from({ length: count }, (_, i) => address(i, 4)) }),
    ],
  };

  it.each(Object.entries(lists))("of 10 000 rules are compiled within a second: %s", (name, all) => {
    const before = process.threadCpuUsage();
    const named = portAcls(all, planWith(deny, ["10.88.0.5/16", "fd00::5/64"]), "whose");
    const { user, system } = process.threadCpuUsage(before);
    const ms = (user + system) / 1000;
    const boxes = named.reduce((sum, one) => sum + one.boxes.length, 0);
    console.log(`10 000 ACLs, ${name}: ${boxes} elements in ${ms.toFixed()} ms`);
    expect(boxes).toBeGreaterThanOrEqual(count);
    expect(ms).toBeLessThan(1000);
  });
});
