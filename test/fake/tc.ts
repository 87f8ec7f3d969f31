/** Traffic control of the fake kernel: token buckets, and filters that redirect what a link receives. */
import { nested, text } from "../../lib/netlink/attr.ts";
import { concat, readU32 } from "../../lib/netlink/bytes.ts";
import type { Reply, Request } from "../../lib/netlink/message.ts";
import { decodeQdisc, type Side } from "../../lib/netlink/tc/qdisc.ts";
import { addRedirect, decodeRedirect } from "../../lib/netlink/tc/redirect.ts";
import { decodeTbf, encodeTbf } from "../../lib/netlink/tc/tbf.ts";
import * as tc from "../../lib/netlink/tc/tcmsg.ts";
import { type FakeLink, Refusal, type Stack } from "./stack.ts";

export const tcTypes: readonly number[] = [
  tc.RTM_NEWQDISC,
  tc.RTM_DELQDISC,
  tc.RTM_GETQDISC,
  tc.RTM_NEWTFILTER,
  tc.RTM_GETTFILTER,
];

/** @throws {Refusal} */
export function answerTc(request: Request, stack: Stack): readonly Reply[] {
  const index = readU32(request.payload, 4);
  // A dump of all links.
  if (request.type === tc.RTM_GETQDISC && index === 0)
    return [...stack.links.values()].flatMap((one) => getQdisc("root", one));
  const link = stack.links.get(index);
  if (link === undefined) throw new Refusal("ENODEV");
  switch (request.type) {
    case tc.RTM_NEWQDISC:
      newQdisc(request, link);
      return [];
    case tc.RTM_DELQDISC:
      deleteQdisc(sideOf(request), link);
      return [];
    case tc.RTM_GETQDISC:
      return getQdisc(sideOf(request), link);
    case tc.RTM_NEWTFILTER:
      newFilter(request, stack, link);
      return [];
    default:
      return getFilters(stack, link);
  }
}

const sideOf = (request: Request): Side =>
  decodeQdisc(request).parent === tc.TC_H_INGRESS ? "ingress" : "root";

function newQdisc(request: Request, link: FakeLink): void {
  const { kind, options } = decodeQdisc(request);
  if (kind === "ingress") {
    if (Array.isArray(link.redirects)) throw new Refusal("EEXIST");
    link.redirects = [];
    return;
  }
  const bucket = decodeTbf(options);
  if (kind !== "tbf" || bucket === undefined) throw new Refusal("ENOENT");
  if (link.bucket) throw new Refusal("EEXIST");
  link.bucket = bucket;
}

function deleteQdisc(side: Side, link: FakeLink): void {
  if (side === "ingress") {
    if (link.redirects === undefined) throw new Refusal("ENOENT");
    if (link.redirects === "gone") throw new Refusal("EINVAL");
    link.redirects = "gone";
    return;
  }
  if (link.bucket === undefined) throw new Refusal("ENOENT");
  delete link.bucket;
}

function getQdisc(side: Side, { index, bucket, redirects }: FakeLink): readonly Reply[] {
  const tell = (kind: string, parent: number, options: readonly Uint8Array[]): readonly Reply[] => {
    const parts = [tc.tcmsg({ index, parent }), text(tc.TCA_KIND, kind), nested(tc.TCA_OPTIONS, options)];
    return [{ type: tc.RTM_NEWQDISC, flags: 0, payload: concat(parts) }];
  };
  if (side === "ingress") {
    if (redirects === undefined) throw new Refusal("ENOENT");
    return redirects === "gone" ? [] : tell("ingress", tc.TC_H_INGRESS, []);
  }
  return bucket ? tell("tbf", tc.TC_H_ROOT, [encodeTbf(bucket)]) : tell("noqueue", tc.TC_H_ROOT, []);
}

function newFilter(request: Request, stack: Stack, link: FakeLink): void {
  const target = decodeRedirect(request);
  if (target === undefined) throw new Error(`the fake kernel does not know ${request.title}`);
  if (!Array.isArray(link.redirects)) throw new Refusal("EINVAL");
  if (!stack.links.has(target)) throw new Refusal("ENODEV");
  link.redirects.push(target);
}

function getFilters(stack: Stack, { index, redirects }: FakeLink): readonly Reply[] {
  if (!Array.isArray(redirects)) return [];
  // Of a link that is gone since the kernel says 0.
  return redirects.map((target) => {
    const { payload } = addRedirect(index, stack.links.has(target) ? target : 0);
    return { type: tc.RTM_NEWTFILTER, flags: 0, payload };
  });
}
