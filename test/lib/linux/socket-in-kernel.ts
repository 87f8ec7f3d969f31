/** Large and failing exchanges on real sockets, in a namespace of its own. */
import { openNetlink } from "../../../lib/linux/socket.ts";
import { be32, bytes, nested, text } from "../../../lib/netlink/attr.ts";
import { concat, writeBe32 } from "../../../lib/netlink/bytes.ts";
import { connect } from "../../../lib/netlink/connection.ts";
import { NetlinkError } from "../../../lib/netlink/error.ts";
import { NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, type Request } from "../../../lib/netlink/message.ts";
import { NFNL_SUBSYS_NFTABLES, nfgenmsg, nfnlType } from "../../../lib/netlink/nfnetlink.ts";
import { createBridge } from "../../../lib/netlink/route/bridge.ts";
import { decodeLink } from "../../../lib/netlink/route/decode-link.ts";
import { deleteLink, dumpLinks } from "../../../lib/netlink/route/link.ts";
import { isErrno } from "../../../lib/os/error.ts";

const [NEWTABLE, DELTABLE, NEWSET, NEWSETELEM, GETSETELEM] = [0, 2, 9, 12, 13] as const;
const nft = (message: number, flags: number, ...attrs: Uint8Array[]): Request => ({
  title: `nft message ${message}`,
  type: nfnlType(NFNL_SUBSYS_NFTABLES, message),
  flags,
  payload: concat([nfgenmsg(1), ...attrs]),
});
const element = (value: number): Uint8Array => {
  const key = new Uint8Array(4);
  writeBe32(key, 0, value);
  return nested(1, [nested(1, [bytes(1, key)])]);
};
/** A message holds what fits an attribute's 16 bit length. */
const elements = (first: number, count: number): Request[] => {
  const requests: Request[] = [];
  for (let at = first; at < first + count; at += 2000) {
    const part = Array.from({ length: Math.min(2000, first + count - at) }, (_, i) => element(at + i));
    requests.push(nft(NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, text(1, "t"), text(2, "s"), nested(3, part)));
  }
  return requests;
};
const outcome = (act: () => unknown): string => {
  try {
    act();
    return "ok";
  } catch (error) {
    if (error instanceof NetlinkError) return `${error.errnoName} ${error.sequence}: ${error.message}`;
    throw error;
  }
};

const rules = connect(openNetlink("netfilter"));
const out: Record<string, unknown> = {};
const set = nft(
  NEWSET,
  NLM_F_CREATE,
  text(1, "t"),
  text(2, "s"),
  be32(3, 0),
  be32(4, 1),
  be32(5, 4),
  be32(10, 1),
);
const large = [nft(NEWTABLE, NLM_F_CREATE, text(1, "t")), set, ...elements(0, 65_535)];
out.bytes = large.reduce((sum, { payload }) => sum + payload.length, 0);
out.large = outcome(() => rules.transaction(large));
if (out.large !== "ok") {
  out.parts = large
    .map((request) => outcome(() => rules.transaction([request])))
    .filter((one) => one !== "ok");
}
const dump = nft(GETSETELEM, NLM_F_DUMP, text(1, "t"), text(2, "s"));
/** Attributes of one message hold many elements; each has the same length here. */
const count = () =>
  rules.request(dump).reduce((sum, { payload }) => sum + Math.round((payload.length - 24) / 16), 0);
out.elements = count();

const missing = Array.from({ length: 20_000 }, (_, i) => nft(DELTABLE, 0, text(1, `none${i}`)));
out.failing = outcome(() => rules.transaction(missing));
out.after = outcome(() => rules.transaction([nft(NEWTABLE, NLM_F_CREATE, text(1, "t"))]));
out.unchanged = outcome(() =>
  rules.transaction([nft(NEWTABLE, NLM_F_CREATE, text(1, "u")), ...missing.slice(0, 1)]),
);
out.rolledBack = outcome(() => rules.transaction([nft(DELTABLE, 0, text(1, "u"))])).split(" ")[0];

const host = connect(openNetlink("route"));
const many = host.requests(Array.from({ length: 5000 }, (_, i) => deleteLink(`none${i}`)));
out.many = many.filter((one) => isErrno(one, "ENODEV")).length;
const bridges = Array.from({ length: 300 }, (_, i) => createBridge({ name: `br${i}` }));
out.bridges = host.requests(bridges).filter((one) => !(one instanceof NetlinkError)).length;
out.links = host.request(dumpLinks()).map(decodeLink).length;

for (const one of [host, rules]) one.close();
console.log(JSON.stringify(out));
