/** What is shown of a trace: it, the sender's name in words, and what became of the packet on other hosts. */
import type { Consulted } from "../../../lib/model/path/consulted.ts";
import type { Trace, Verdict } from "../../../lib/model/path/trace.ts";
import type { Leg } from "../../../lib/model/path/trace-across.ts";

export interface TraceView {
  readonly trace: Trace;
  /** Who sends. */
  readonly name: string;
  /** On the hosts that it was handed to, as far as they are known; absent: on none. */
  readonly far?: readonly Leg[];
}

/** The end of the whole way. */
export interface TraceEnd {
  readonly verdict: Verdict;
  /** The other host it ends on; absent: this one. */
  readonly host?: string;
  readonly replies: readonly string[];
  readonly consulted: readonly Consulted[];
}

/** All hosts in the order in which it comes to them; the first is this one. */
export const legsOf = ({ trace, far = [] }: TraceView): readonly (Leg | { readonly trace: Trace })[] => [
  { trace },
  ...far,
];

export function endOf({ trace, far = [] }: TraceView): TraceEnd {
  const last = far.at(-1);
  const { verdict, replies, consulted } = last?.trace ?? trace;
  // Where it ends without an answer there, none comes here either.
  const all = replies.length === 0 ? [] : [...trace.replies, ...far.flatMap((leg) => leg.trace.replies)];
  return {
    verdict,
    replies: last === undefined ? replies : [...new Set(all)],
    consulted,
    ...(last === undefined ? {} : { host: last.host }),
  };
}
