/** Whose the blocks of a network are, and which of them may be routed from here. */
import type { Ip } from "../addr/ip.ts";
import { hostPrefix, type Prefix } from "../addr/prefix.ts";
import type { Complaint } from "./complaint.ts";
import type { Table } from "./directory.ts";
import { prefixOfName } from "./keys.ts";
import type { Known, LocalNetwork, LocalNode } from "./known.ts";
import type { Memo } from "./memo.ts";
import type { BlockRecord, IpRecord } from "./records.ts";
import { compareRevisions } from "./revision.ts";
import { type Claim, settleClaims } from "./settle-claims.ts";
import { compareSpans, isOverlapping, isWithin, type Span, spanOf, spanOfAddress } from "./span.ts";
import type { Entry } from "./state.ts";

export interface Block extends Claim {
  readonly cidr: Prefix;
  /** Absent: this host gives addresses out of it, and the directory does not know; or it is a single address. */
  readonly entry?: Entry<BlockRecord>;
}

export interface SettledBlocks {
  /** This host's among them, in the order of their addresses; no two of different owners overlap. */
  readonly blocks: readonly Block[];
  readonly complaints: readonly Complaint[];
}

/** Whose a block is that an administrator keeps for single addresses. */
const nobody = "";

/** @param cidrs of the network */
export function settleBlocks(
  known: Pick<Known, "blocks" | "ips">,
  local: LocalNode,
  { network, mode, blocks: served }: LocalNetwork,
  cidrs: readonly Prefix[],
  memo: Memo,
): SettledBlocks {
  const complaints: Complaint[] = [];
  const within = cidrs.map(spanOf);
  const connected = mode === "routed" ? local.connected.map((cidr) => ({ cidr, span: spanOf(cidr) })) : [];
  const vtep = mode === "routed" ? spanOfAddress(local.vtep) : undefined;
  const ours: Block[] = served.map((cidr) => ({ cidr, span: spanOf(cidr), owner: local.uid }));
  const others: Block[] = [];
  for (const [name, entry] of known.blocks.get(network) ?? []) {
    const block = memo.each("block", entry, () => blockOf(name, entry));
    if (block.owner === local.uid) {
      ours.push(block);
      continue;
    }
    const fault = faultOf(block, within, connected, vtep);
    if (fault === undefined) others.push(block);
    else complaints.push({ ...fault, about: entry.key });
  }
  const { accepted, refused } = settleClaims([
    ...ours.sort((a, b) => compareSpans(a.span, b.span)),
    ...others.sort(byAge),
  ]);
  for (const [block, rival] of refused) complaints.push(complainOfRival(block, rival, local));
  return { blocks: accepted.flatMap((block) => singles(block, known.ips.get(network))), complaints };
}

/** A reserved block's addresses are wherever somebody asked for them. */
function singles(block: Block, ips: Table<IpRecord> = new Map()): readonly Block[] {
  if (block.owner !== nobody) return [block];
  const all = [...ips].flatMap(([name, { record }]) => {
    // The key was read before: it is an address.
    const address = name as Ip;
    const span = spanOfAddress(address);
    return isWithin(span, block.span) ? [{ cidr: hostPrefix(address), span, owner: record.node }] : [];
  });
  return all.sort((a, b) => compareSpans(a.span, b.span));
}

function blockOf(name: string, entry: Entry<BlockRecord>): Block {
  const cidr = prefixOfName(name);
  return { cidr, span: spanOf(cidr), owner: entry.record.owner ?? nobody, entry };
}

function byAge(a: Block, b: Block): number {
  const [x, y] = [a.entry, b.entry];
  if (x === undefined || y === undefined) return 0;
  return compareRevisions(x.createRevision, y.createRevision) || (x.key < y.key ? -1 : 1);
}

type Fault = Omit<Complaint, "about">;

function faultOf(
  { cidr, span, owner }: Block,
  within: readonly Span[],
  connected: readonly { readonly cidr: Prefix; readonly span: Span }[],
  vtep: Span | undefined,
): Fault | undefined {
  const what = () => `block ${cidr} of node ${owner}`;
  if (!within.some((outer) => isWithin(span, outer)))
    return {
      code: "block-outside",
      text: `${what()} is not within the network's cidrs: it is not routed`,
      remedy: "Add its prefix to the network's cidrs, or delete the block's key.",
    };
  if (vtep !== undefined && isWithin(vtep, span))
    return {
      code: "block-covers-vtep",
      text: `${what()} holds this host's tunnel address, without which there is no tunnel: it is not routed`,
      remedy: "Give the network cidrs that are no part of the underlay.",
    };
  const taken = connected.find((other) => isOverlapping(span, other.span));
  if (taken === undefined) return undefined;
  return {
    code: "block-covers-host",
    text: `${what()} overlaps ${taken.cidr}, which this host is connected to: it is not routed`,
    remedy: "Give the network cidrs that no host has for anything else.",
  };
}

function complainOfRival(block: Block, rival: Block, local: LocalNode): Complaint {
  const about = block.entry?.key ?? rival.entry?.key ?? block.cidr;
  if (rival.owner === local.uid)
    return {
      code: "block-ours",
      about,
      text: `block ${block.cidr} is node ${block.owner}'s by the directory, but this host gives addresses out of ${rival.cidr}: it is not routed`,
      remedy: `Restart this host's containers of ${rival.cidr}, so that they get addresses of a block it still has; or delete the key, if that node is gone.`,
    };
  return {
    code: "block-taken",
    about,
    text: `block ${block.cidr} of node ${block.owner} overlaps ${rival.cidr} of node ${rival.owner}, which was there first: it is not routed`,
    remedy: `Delete one of the two keys, and restart that node's containers of it.`,
  };
}
