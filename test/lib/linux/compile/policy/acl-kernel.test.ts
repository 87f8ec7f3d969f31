import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ipFamily } from "../../../../../lib/addr/ip.ts";
import { hostPrefix, prefix } from "../../../../../lib/addr/prefix.ts";
import { portAcls } from "../../../../../lib/linux/compile/policy/acl.ts";
import { baseTable } from "../../../../../lib/linux/layout/base-table.ts";
import { aclSet, aclSetType, type PortAcl } from "../../../../../lib/linux/layout/port-acl.ts";
import {
  deletePortAcls,
  dumpAcls,
  encodePortAcls,
  foundParts,
  getParts,
  missingAcls,
  wholeParts,
} from "../../../../../lib/linux/layout/port-acl-requests.ts";
import type { Plan } from "../../../../../lib/model/plan.ts";
import type { Netlink } from "../../../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../../../lib/netlink/error.ts";
import { DATATYPES } from "../../../../../lib/netlink/nft/datatype.ts";
import { elementRequests } from "../../../../../lib/netlink/nft/element.ts";
import { encodeTypedElement } from "../../../../../lib/netlink/nft/typed-element.ts";
import { type Acl, type AclDefault, type AclDirection, judge } from "../../../../../lib/policy/acl.ts";
import { hasPorts } from "../../../../../lib/policy/packet.ts";
import { natPlan } from "../../../../plugins/nat/fixture.ts";
import { createHost, type Host } from "../../../../system/host.ts";
import { whyNoNamespaces } from "../../../../system/namespaces.ts";
import { seed } from "../../../seed.ts";
import { netfilterIn } from "../../layout/netfilter-in.ts";
import { acl, aclDefault, direction, type Meeting, meeting, ownAddresses, packetOf } from "./random-acls.ts";

const reason = whyNoNamespaces();
const name = "vp-of-this-test";

function planOf(aclDefault: AclDefault, own: Parameters<typeof judge>[2]): Plan {
  const plan = natPlan({ ips: ["10.88.0.5/16"] });
  const addresses = own.map(hostPrefix);
  return { ...plan, vnic: { ...plan.vnic, addresses }, port: { ...plan.port, name, aclDefault } };
}

describe.skipIf(reason !== undefined)(`ACLs in the kernel${reason ? ` (${reason})` : ""}`, () => {
  let host: Host;
  let rules: Netlink;
  beforeAll(async () => {
    host = await createHost({ uplink: false });
    rules = netfilterIn(host.ns);
    rules.transaction(baseTable());
  });
  afterAll(async () => {
    rules?.close();
    await host?.close();
  });

  const parts = () => foundParts(name, rules.requests(getParts(name)));
  const missing = (acls: readonly PortAcl[]) => missingAcls(acls, parts(), rules.requests(dumpAcls(acls)));

  /** What its rules find of a packet's key. */
  function lookUp(acls: readonly PortAcl[], towards: AclDirection, one: Meeting): boolean {
    const side = towards === "In" ? "in" : "out";
    const acl = acls.find((each) => each.side === side && each.family === ipFamily(one.remote));
    if (acl === undefined) return false;
    const bears = hasPorts(one.protocol);
    const values = {
      protocol: DATATYPES.inet_proto.decode(Uint8Array.of(one.protocol)),
      remote: hostPrefix(one.remote),
      localPort: bears ? one.localPort : 0,
      remotePort: bears ? one.remotePort : 0,
    };
    const type = aclSetType(acl, acl.fields);
    const element = encodeTypedElement(type, { key: acl.fields.map((field) => values[field]) });
    const [outcome] = rules.requests(
      elementRequests("get", aclSet(acl, acl.verb), [element], () => one.remote),
    );
    if (!(outcome instanceof NetlinkError)) return outcome !== undefined;
    expect(outcome.errnoName).toBe("ENOENT");
    return false;
  }

  it("find of each packet what the model says, come back as they were, and go", () => {
    const cases = fc.record({
      all: fc.array(acl, { maxLength: 25 }),
      defaults: aclDefault,
      own: ownAddresses,
      towards: direction,
      packets: fc.array(meeting, { minLength: 20, maxLength: 40 }),
    });
    fc.assert(
      fc.property(cases, ({ all, defaults, own, towards, packets }) => {
        const acls = portAcls(all, planOf(defaults, own), "whose");
        rules.transaction(encodePortAcls(acls, []));
        expect(parts()).toEqual(wholeParts(acls));
        expect(missing(acls)).toEqual([]);
        for (const one of packets) {
          const action = judge(all, defaults, own, towards, packetOf(one, towards)).action;
          const found = lookUp(acls, towards, one);
          expect({ ...one, found }).toEqual({ ...one, found: action !== defaults[towards] });
        }
        rules.transaction(encodePortAcls(acls, parts()));
        expect(missing(acls)).toEqual([]);
        rules.transaction(deletePortAcls(parts()));
        expect(parts()).toEqual([]);
      }),
      { seed, numRuns: 60 },
    );
  });

  it("of a thousand rules are added, found and deleted in a second each", () => {
    const all = Array.from(
      { length: 1000 },
      (_, i): Acl => ({
        kind: "ACL",
        action: i % 3 === 0 ? "Block" : "Allow",
        direction: "In",
        protocols: [6],
        localAddresses: [],
        remoteAddresses: [prefix(`10.${i >> 7}.${(i & 127) * 2}.0/${i % 7 === 0 ? 23 : 24}`)],
        localPorts: [{ first: i % 50, last: (i % 50) + 10 }],
        remotePorts: [],
        priority: i % 5,
      }),
    );
    const acls = portAcls(all, planOf({ In: "Block", Out: "Allow" }, []), "whose");
    const boxes = acls.reduce((sum, one) => sum + one.boxes.length, 0);
    expect(boxes).toBeGreaterThan(500);
    const times = [
      () => rules.transaction(encodePortAcls(acls, [])),
      () => expect(missing(acls)).toEqual([]),
      () => rules.transaction(deletePortAcls(parts())),
    ].map((act) => {
      const before = process.threadCpuUsage();
      act();
      const { user, system } = process.threadCpuUsage(before);
      return Math.round((user + system) / 1000);
    });
    console.log(`${boxes} elements of ACLs: add, find, delete in ${times.join(", ")} ms`);
    for (const ms of times) expect(ms).toBeLessThan(1000);
    expect(parts()).toEqual([]);
  });
});
