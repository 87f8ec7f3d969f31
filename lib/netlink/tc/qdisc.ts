/** Queueing disciplines of links: RTM_NEWQDISC, RTM_DELQDISC, RTM_GETQDISC (linux/pkt_sched.h). */
import { type Attr, decodeAttrs, getNested, getText, nested, text } from "../attr.ts";
import { concat, readU32 } from "../bytes.ts";
import { NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL, type Reply, type Request } from "../message.ts";
import { encodeTbf, type TokenBucket, tbfTitle } from "./tbf.ts";
import {
  INGRESS_HANDLE,
  RTM_DELQDISC,
  RTM_GETQDISC,
  RTM_NEWQDISC,
  TC_H_INGRESS,
  TC_H_ROOT,
  TCA_KIND,
  TCA_OPTIONS,
  TCMSG_LENGTH,
  tcmsg,
} from "./tcmsg.ts";

/** `root`: what the link sends; `ingress`: what it has received. */
export type Side = "root" | "ingress";

const parents = { root: TC_H_ROOT, ingress: TC_H_INGRESS } as const;

/**
 * Holds what a link sends to a rate. EEXIST when it has a discipline already. On a link that is up the kernel waits
 * until no CPU uses the old one any more, which takes milliseconds.
 */
export function addTbf(index: number, bucket: TokenBucket): Request {
  return {
    get title() {
      return `qdisc add dev index ${index} root ${tbfTitle(bucket)}`;
    },
    type: RTM_NEWQDISC,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: concat([
      tcmsg({ index, parent: TC_H_ROOT }),
      text(TCA_KIND, "tbf"),
      nested(TCA_OPTIONS, [encodeTbf(bucket)]),
    ]),
  };
}

/** Where filters for received packets hang. EEXIST when the link has it already. */
export function addIngress(index: number): Request {
  return {
    title: `qdisc add dev index ${index} ingress`,
    type: RTM_NEWQDISC,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    payload: concat([
      tcmsg({ index, handle: INGRESS_HANDLE, parent: TC_H_INGRESS }),
      text(TCA_KIND, "ingress"),
    ]),
  };
}

/** With the filters that hang on it. ENOENT or EINVAL when there is none. */
export function deleteQdisc(index: number, side: Side): Request {
  const parent = parents[side];
  return {
    title: `qdisc del dev index ${index} ${side}`,
    type: RTM_DELQDISC,
    flags: 0,
    payload:
      side === "root"
        ? tcmsg({ index, parent })
        : concat([tcmsg({ index, handle: INGRESS_HANDLE, parent }), text(TCA_KIND, "ingress")]),
  };
}

/** One of one link; no reply where it is one that the kernel gives by itself, ENOENT where there is none. */
export function getQdisc(index: number, side: Side): Request {
  return {
    title: `qdisc show dev index ${index} ${side}`,
    type: RTM_GETQDISC,
    // Kernels before 6.9 answer by telling everybody, and who asked only when he wants an echo.
    flags: NLM_F_ECHO,
    payload: tcmsg({ index, parent: parents[side] }),
  };
}

export interface Qdisc {
  readonly index: number;
  readonly handle: number;
  readonly parent: number;
  /** "tbf", "ingress". */
  readonly kind: string;
  /** TCA_OPTIONS: see `decodeTbf`. */
  readonly options: readonly Attr[];
}

/** @throws {RangeError} when the message is shorter than its header */
export function decodeQdisc({ payload }: Reply): Qdisc {
  const attrs = decodeAttrs(payload, TCMSG_LENGTH);
  return {
    index: readU32(payload, 4),
    handle: readU32(payload, 8),
    parent: readU32(payload, 12),
    kind: getText(attrs, TCA_KIND) ?? "",
    options: getNested(attrs, TCA_OPTIONS) ?? [],
  };
}
