/** What is done to the rules of a kernel, the real one and the fake, and what each answers. */

import { ip } from "../../lib/addr/ip.ts";
import { prefix } from "../../lib/addr/prefix.ts";
import { baseTable, getBaseTable, repairTable, replaceTable } from "../../lib/linux/layout/base-table.ts";
import {
  directElement,
  type LayoutElement,
  natElement,
  publishedElement,
  switchElement,
} from "../../lib/linux/layout/element.ts";
import {
  decodeElements,
  dumpSet,
  encodeAdd,
  encodeDelete,
  encodeEnsure,
  encodeGet,
} from "../../lib/linux/layout/element-requests.ts";
import { getLayout, layoutState } from "../../lib/linux/layout/layout-state.ts";
import { aclChain, aclSet, type PortAcl } from "../../lib/linux/layout/port-acl.ts";
import {
  deletePortAcls,
  dumpAcls,
  encodePortAcls,
  foundParts,
  getParts,
  missingAcls,
} from "../../lib/linux/layout/port-acl-requests.ts";
import type { Netlink } from "../../lib/netlink/connection.ts";
import { NetlinkError } from "../../lib/netlink/error.ts";
import type { Request } from "../../lib/netlink/message.ts";
import { addChain, deleteChain } from "../../lib/netlink/nft/chain.ts";
import type { Expression } from "../../lib/netlink/nft/expr/expression.ts";
import { addRule, flushChain } from "../../lib/netlink/nft/rule.ts";
import { deleteSet } from "../../lib/netlink/nft/set.ts";
import { createTable, deleteTable } from "../../lib/netlink/nft/table.ts";

type Ask = (netlink: Netlink, what: string, request: Request) => string;
type Deed = (what: string, requests: readonly Request[]) => string;

const inet = { family: "inet", table: "vswitch" } as const;
const bridge = { family: "bridge", table: "vswitch" } as const;

export function rulesDeeds(rules: Netlink, ask: Ask): readonly string[] {
  const change: Deed = (what, requests) => {
    try {
      rules.transaction(requests);
      return `${what}: done`;
    } catch (error) {
      if (error instanceof NetlinkError) return `${what}: ${error.errnoName}`;
      throw error;
    }
  };
  const held = (set: Parameters<typeof dumpSet>[0]) =>
    JSON.stringify(decodeElements(set, rules.request(dumpSet(set))));
  const state = () => `the tables are ${layoutState(rules.requests(getLayout()))}`;
  return [
    ...tableDeeds(rules, ask, change, state),
    ...elementDeeds(rules, ask, change, held),
    ...rangeDeeds(rules, change, held),
    ...chainDeeds(change, state),
  ];
}

function tableDeeds(rules: Netlink, ask: Ask, change: Deed, state: () => string): readonly string[] {
  return [
    ask(rules, "ask for a table that is not there", getBaseTable()),
    ask(rules, "ask for a set that is not there", dumpSet("nat4")),
    state(),
    change("delete it", [deleteTable(inet)]),
    change("add to it", encodeAdd([switchElement("br0", "a")])),
    change("one of another version", [createTable({ ...inet, comment: "vswitch-cni, layout 1" })]),
    state(),
    change("ours in its place", replaceTable()),
    state(),
    change("make it again", baseTable()),
    change("delete one of the two", [deleteTable(inet)]),
    state(),
    change("make both", baseTable()),
    change("make both whole", repairTable()),
    state(),
    change("one that is somebody else's", [deleteTable(bridge), createTable(bridge)]),
    state(),
    change("delete both", [deleteTable(bridge), deleteTable(inet)]),
    change("make it", baseTable()),
    ask(rules, "make one outside of a transaction", createTable({ ...inet, table: "other" })),
  ];
}

function elementDeeds(
  rules: Netlink,
  ask: Ask,
  change: Deed,
  held: (set: Parameters<typeof dumpSet>[0]) => string,
): readonly string[] {
  const web = { protocol: "tcp", hostPort: 80, address: ip("10.7.0.2"), containerPort: 80 } as const;
  const first = [publishedElement(web, "first")];
  const other = [publishedElement({ ...web, containerPort: 81 }, "other")];
  const [a, b] = [natElement(prefix("10.7.0.0/24"), "a"), natElement(prefix("10.7.0.0/16"), "b")];
  const direct = (to: string) => [directElement(prefix("10.7.0.0/24"), prefix(to), "d")];
  return [
    change("publish", encodeAdd(first)),
    change("publish it again", encodeAdd(first)),
    change("or as it is", encodeEnsure(first)),
    change("publish another port of it", encodeAdd(other)),
    change("or as it is", encodeEnsure(other)),
    ask(rules, "ask for it", encodeGet(first[0] ?? a)),
    ask(rules, "ask for another", encodeGet(publishedElement({ ...web, hostPort: 81 }, ""))),
    change("a network", encodeAdd([a, switchElement("br0", "a"), ...direct("10.7.0.0/24")])),
    change("one that overlaps", encodeAdd([b])),
    change("one beside it", encodeAdd([natElement(prefix("10.7.1.0/24"), "c")])),
    change("a pair that overlaps", encodeAdd(direct("10.0.0.0/8"))),
    change("a pair that does not", encodeAdd(direct("192.0.2.0/24"))),
    change(
      "one that is new and one that is not",
      encodeAdd([natElement(prefix("10.9.0.0/24"), "x"), ...first]),
    ),
    change("delete one that is there and one that is not", encodeDelete([a, b])),
    held("nat4"),
    held("direct4"),
    held("switches"),
    held("published4_any"),
    change("unpublish", encodeDelete(first)),
    change("unpublish again", encodeDelete(first)),
  ];
}

/** Keys of which each field is a range, of ports and protocols too; elements that count, and such that go by themselves. */
function rangeDeeds(
  rules: Netlink,
  change: Deed,
  held: (set: Parameters<typeof dumpSet>[0]) => string,
): readonly string[] {
  const place = { port: "vp0", side: "in", family: 4 } as const;
  const acl = (...boxes: PortAcl["boxes"]): PortAcl => ({
    ...place,
    verb: "blocked",
    fields: ["protocol", "remote", "localPort"],
    boxes,
    comment: "whose",
  });
  const web = ["tcp", "192.0.2.0/24", "80-90"];
  const rest = ["7-16", "192.0.2.1-192.0.3.9", "0-65535"];
  const there = () => foundParts("vp0", rules.requests(getParts("vp0")));
  const parts = () => JSON.stringify(there());
  const missing = (one: PortAcl) =>
    `${missingAcls([one], there(), rules.requests(dumpAcls([one]))).length} of its ACLs missing`;
  const renew = (what: string, one: PortAcl) => change(what, encodePortAcls([one], there()));
  const own = (to: string, as: string): LayoutElement => ({
    set: "own_translated4",
    key: ["10.7.0.2/32", to],
    data: [as],
  });
  const flow: LayoutElement = { set: "flows4", key: [7, "udp", "192.0.2.1", 53, 4000] };
  const counted: LayoutElement = { set: "dropped_acl_in", key: ["vp0"], comment: "whose" };
  return [
    parts(),
    change("a range of ports, one of protocols", encodePortAcls([acl(web, rest)], [])),
    parts(),
    missing(acl(web, rest)),
    missing(acl(web)),
    missing({ ...acl(web, rest), fields: ["protocol", "remote", "remotePort"] }),
    missing({ ...acl(web, rest), verb: "allowed" }),
    change("the same again", encodePortAcls([acl(web, rest)], [])),
    renew("in its place one beside it", acl(web, ["tcp", "192.0.2.0/24", "91-99"])),
    missing(acl(web, ["tcp", "192.0.2.0/24", "91-99"])),
    renew("one that begins in it", acl(web, ["tcp", "192.0.2.8/32", "85-1000"])),
    renew("one of all protocols", acl(web, ["0-255", "192.0.2.8/32", 85])),
    renew("the other verb and another key", {
      ...acl(["tcp", "192.0.2.0/24"]),
      verb: "allowed",
      fields: ["protocol", "remote"],
    }),
    parts(),
    change("delete the chain while it is led to", [deleteChain(aclChain(place))]),
    change("delete the set while it is looked up", [deleteSet(aclSet(place, "allowed"))]),
    change("flush the chain", [flushChain("bridge", "vswitch", aclChain(place).chain)]),
    parts(),
    change("delete them", deletePortAcls(there())),
    parts(),
    change("delete what is gone", deletePortAcls([{ place, sets: ["allowed"], chain: 2, jump: false }])),
    change("another source towards some", encodeAdd([own("192.0.2.0/24", "198.51.100.1")])),
    change("yet another towards the same", encodeEnsure([own("192.0.2.0/24", "198.51.100.2")])),
    change("and towards the rest", encodeAdd([own("0.0.0.0/0", "198.51.100.2")])),
    held("own_translated4"),
    change("a flow", encodeAdd([flow])),
    change("the flow again", encodeEnsure([flow])),
    held("flows4"),
    change("forget it", encodeDelete([flow])),
    change("count", encodeAdd([counted])),
    change("count the same", encodeEnsure([counted])),
    held("dropped_acl_in"),
    change("delete all", encodeDelete([counted, own("192.0.2.0/24", "")])),
    held("own_translated4"),
  ];
}

function chainDeeds(change: Deed, state: () => string): readonly string[] {
  const rule = (expressions: readonly Expression[]) => [
    addRule({ ...inet, chain: "publish", expressions }, ""),
  ];
  return [
    state(),
    change("a rule of a chain that is not there", [addRule({ ...inet, chain: "none", expressions: [] }, "")]),
    change("a rule that names no set of the table", rule([{ kind: "lookup", set: "none", register: 1 }])),
    change("a set of the other table", rule([{ kind: "lookup", set: "guarded", register: 1 }])),
    change(
      "one that would remember in none",
      rule([{ kind: "dynset", op: "update", set: "none", register: 1 }]),
    ),
    change("a chain that is there", [addChain({ ...inet, chain: "publish" })]),
    change("flush one", [flushChain("inet", "vswitch", "publish")]),
    state(),
    change("make them whole", repairTable()),
    state(),
    change("flush one of the other table", [flushChain("bridge", "vswitch", "from_port")]),
    state(),
    change("delete the tables", [deleteTable(inet), deleteTable(bridge)]),
    change("delete one that is gone with one that is not", [deleteTable(inet)]),
    state(),
  ];
}
