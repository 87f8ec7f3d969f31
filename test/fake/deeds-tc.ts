/** What is asked of a kernel about limits, and what became of each. */
import { mac } from "../../lib/addr/mac.ts";
import type { Netlink } from "../../lib/netlink/connection.ts";
import { decodeLink } from "../../lib/netlink/route/decode-link.ts";
import { createIfb } from "../../lib/netlink/route/ifb.ts";
import { deleteGroup, deleteLink, getLink } from "../../lib/netlink/route/link.ts";
import { setLink } from "../../lib/netlink/route/set-link.ts";
import { addIngress, addTbf, decodeQdisc, deleteQdisc, getQdisc } from "../../lib/netlink/tc/qdisc.ts";
import { addRedirect, decodeRedirect, dumpIngressFilters } from "../../lib/netlink/tc/redirect.ts";
import { decodeTbf } from "../../lib/netlink/tc/tbf.ts";

type Ask = (netlink: Netlink, what: string, request: Parameters<Netlink["request"]>[0]) => string;

const slow = { bytesPerSecond: 125_000, burstBytes: 4000, limitBytes: 20_000 };
const fast = { bytesPerSecond: 5_000_000_000, burstBytes: 5_000_000, limitBytes: 8_000_000 };

/** On a host without such links. */
export function tcDeeds(host: Netlink, ask: Ask): readonly string[] {
  const make = (name: string, group: number) =>
    ask(host, `make ${name}`, createIfb({ name, mtu: 1450, mac: mac("02:00:00:00:00:08"), group }));
  const made = [make("vq0", 0), make("vq0", 0), make("vq1", 4711)];
  const [one, two] = ["vq0", "vq1"].map((name) => linkNamed(host, name).index) as [number, number];
  return [
    ...made,
    shown(host, one),
    ask(host, "limit it", addTbf(one, slow)),
    ask(host, "limit it again", addTbf(one, slow)),
    ask(host, "limit the other", addTbf(two, fast)),
    ask(host, "limit no link", addTbf(4712, slow)),
    shown(host, one),
    shown(host, two),
    ask(host, "redirect before it can", addRedirect(one, two)),
    ask(host, "let it receive", addIngress(one)),
    ask(host, "again", addIngress(one)),
    ask(host, "redirect to nothing", addRedirect(one, 4712)),
    ask(host, "redirect", addRedirect(one, two)),
    shown(host, one),
    ask(host, "lift the limit", deleteQdisc(two, "root")),
    ask(host, "again", deleteQdisc(two, "root")),
    ask(host, "receive no more", deleteQdisc(one, "ingress")),
    ask(host, "again", deleteQdisc(one, "ingress")),
    shown(host, one),
    ask(host, "receive and redirect again", addIngress(one)),
    ask(host, "redirect", addRedirect(one, two)),
    ask(host, "let both be one group", setLink(one, { group: 4711 })),
    ask(host, "delete the one to which it goes", deleteLink(two)),
    shown(host, one),
    ask(host, "delete the group", deleteGroup(4711)),
    ask(host, "again", deleteGroup(4711)),
    ask(host, "look for it", getLink("vq0")),
  ];
}

function linkNamed(host: Netlink, key: string | number) {
  const [reply] = host.request(getLink(key));
  if (reply === undefined) throw new Error(`no ${key}`);
  return decodeLink(reply);
}

function shown(host: Netlink, index: number): string {
  const { name, kind, group, up, mtu } = linkNamed(host, index);
  const [qdisc] = host.request(getQdisc(index, "root")).map(decodeQdisc);
  const bucket = qdisc?.kind === "tbf" ? decodeTbf(qdisc.options) : undefined;
  // The kernel keeps the burst as a time: it is a little less than was asked for.
  const limit = bucket && [bucket.bytesPerSecond, bucket.burstBytes.toPrecision(2), bucket.limitBytes];
  const ingress = host
    .requests([getQdisc(index, "ingress")])
    .map((outcome) =>
      outcome instanceof Error ? outcome.message.split(" ")[6] : outcome.map(decodeQdisc)[0]?.kind,
    );
  const targets = host.request(dumpIngressFilters(index)).flatMap((one) => decodeRedirect(one) ?? []);
  const names = targets.map((target) => (target === 0 ? "nothing" : linkNamed(host, target).name));
  return [name, kind, group, up, mtu, limit, ingress, ...names].join(" ");
}
