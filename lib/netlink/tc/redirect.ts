/** A filter that sends all that a link receives out of another link: cls_u32 with act_mirred (linux/pkt_cls.h). */
import { bytes, decodeAttrs, findAttr, getNested, getText, nested, text } from "../attr.ts";
import { concat, readI32, readU32, writeBe16, writeU32 } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, type Reply, type Request } from "../message.ts";
import {
  INGRESS_HANDLE,
  RTM_GETTFILTER,
  RTM_NEWTFILTER,
  TCA_KIND,
  TCA_OPTIONS,
  TCMSG_LENGTH,
  tcmsg,
} from "./tcmsg.ts";

const ETH_P_ALL = 0x0003;
const TCA_U32_SEL = 5;
const TCA_U32_ACT = 7;
/** struct tc_u32_sel without keys. */
const TC_U32_SEL_LENGTH = 16;
const TC_U32_TERMINAL = 1;
const TCA_ACT_KIND = 1;
const TCA_ACT_OPTIONS = 2;
const TCA_MIRRED_PARMS = 2;
/** struct tc_mirred. */
const TC_MIRRED_LENGTH = 28;
const TC_ACT_STOLEN = 4;
const TCA_EGRESS_REDIR = 1;

/**
 * The link needs its ingress discipline first.
 *
 * The filter has no key. `tc` demands one and takes a key that compares nothing, but a packet that is shorter than
 * the key would not match it.
 *
 * @param index of the link that receives. @param target of the link that sends
 */
export function addRedirect(index: number, target: number): Request {
  const action = [
    text(TCA_ACT_KIND, "mirred"),
    nested(TCA_ACT_OPTIONS, [bytes(TCA_MIRRED_PARMS, mirred(target))]),
  ];
  const options = [nested(TCA_U32_ACT, [nested(1, action)]), bytes(TCA_U32_SEL, everything())];
  return {
    title: `filter add dev index ${index} ingress u32 action mirred egress redirect dev index ${target}`,
    type: RTM_NEWTFILTER,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: concat([
      tcmsg({ index, parent: INGRESS_HANDLE, info: filterInfo(1, ETH_P_ALL) }),
      text(TCA_KIND, "u32"),
      nested(TCA_OPTIONS, options),
    ]),
  };
}

/** struct tc_u32_sel. */
function everything(): Uint8Array {
  const selector = new Uint8Array(TC_U32_SEL_LENGTH);
  selector[0] = TC_U32_TERMINAL;
  return selector;
}

function mirred(target: number): Uint8Array {
  const parms = new Uint8Array(TC_MIRRED_LENGTH);
  writeU32(parms, 8, TC_ACT_STOLEN);
  writeU32(parms, 20, TCA_EGRESS_REDIR);
  writeU32(parms, 24, target);
  return parms;
}

function filterInfo(priority: number, protocol: number): number {
  const info = new Uint8Array(4);
  info[2] = priority;
  writeBe16(info, 0, protocol);
  return readU32(info, 0);
}

/** The filters of a link's ingress discipline; EINVAL when it has none. */
export function dumpIngressFilters(index: number): Request {
  return {
    title: `filter show dev index ${index} ingress`,
    type: RTM_GETTFILTER,
    flags: NLM_F_DUMP,
    payload: tcmsg({ index, parent: INGRESS_HANDLE }),
  };
}

/** @returns the index of the link to which a filter redirects; undefined when it does anything else */
export function decodeRedirect({ payload }: Reply): number | undefined {
  const attrs = decodeAttrs(payload, TCMSG_LENGTH);
  if (getText(attrs, TCA_KIND) !== "u32") return undefined;
  const actions = getNested(getNested(attrs, TCA_OPTIONS) ?? [], TCA_U32_ACT) ?? [];
  const first = getNested(actions, 1) ?? [];
  if (getText(first, TCA_ACT_KIND) !== "mirred") return undefined;
  const parms = findAttr(getNested(first, TCA_ACT_OPTIONS) ?? [], TCA_MIRRED_PARMS);
  if (parms === undefined || readI32(parms, 20) !== TCA_EGRESS_REDIR) return undefined;
  return readU32(parms, 24);
}
