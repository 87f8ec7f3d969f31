/** What iptables asks connection tracking: "-m conntrack" and the old "-m state" (linux/netfilter/xt_conntrack.h). */
import type { ForeignCondition } from "../../model/foreign.ts";
import { readU16, readU32 } from "../../netlink/bytes.ts";
import { IPS_DST_NAT } from "../../netlink/nft/expr/ct.ts";
import { anyOf } from "./field-conditions.ts";
import { combine, type Match, unknownMatch } from "./match.ts";
import type { StateName } from "./words.ts";

const XT_CONNTRACK_STATE = 1 << 0;
const XT_CONNTRACK_STATUS = 1 << 6;
const XT_CONNTRACK_STATE_ALIAS = 1 << 13;
/** XT_CONNTRACK_STATE_BIT and its neighbours. */
const STATES: Readonly<Record<StateName, number>> = {
  invalid: 1,
  established: 2,
  related: 4,
  new: 8,
  untracked: 256,
};
/** linux/netfilter/xt_state.h: where these differ from those of conntrack. */
const XT_STATE_UNTRACKED = 1 << 6;
const XT_STATES = STATES.invalid | STATES.established | STATES.related | STATES.new;
const XT_CONNTRACK_STATE_SNAT = 1 << 6;
const XT_CONNTRACK_STATE_DNAT = 1 << 7;

/** Offsets in struct xt_conntrack_mtinfo2 and 3: eight addresses, then numbers. */
const AT = { flags: 146, inverted: 148, states: 150, status: 152 } as const;

export function matchConntrack(info: Uint8Array): Match {
  const flags = readU16(info, AT.flags) & ~XT_CONNTRACK_STATE_ALIAS;
  const inverted = readU16(info, AT.inverted);
  const matches: Match[] = [];
  if (flags & XT_CONNTRACK_STATE) {
    matches.push(stateMatch(readU16(info, AT.states), (inverted & XT_CONNTRACK_STATE) !== 0));
  }
  if (flags & XT_CONNTRACK_STATUS) {
    matches.push(statusMatch(readU16(info, AT.status), (inverted & XT_CONNTRACK_STATUS) !== 0));
  }
  if (flags & ~(XT_CONNTRACK_STATE | XT_CONNTRACK_STATUS))
    matches.push(unknownMatch("ct original and reply fields"));
  return {
    text: matches.map(({ text }) => text).join(" "),
    alternatives: combine(matches.map(({ alternatives }) => alternatives)),
  };
}

/** struct xt_state_info. */
export function matchState(info: Uint8Array): Match {
  const mask = readU32(info, 0);
  return stateMatch((mask & XT_STATES) | (mask & XT_STATE_UNTRACKED ? STATES.untracked : 0), false);
}

/** iptables counts translated connections among the states: any of these will do. */
function stateMatch(mask: number, negated: boolean): Match {
  const states = (Object.keys(STATES) as StateName[]).filter((name) => mask & STATES[name]);
  const conditions: ForeignCondition[] = states.length > 0 ? [{ kind: "state", states }] : [];
  const words: string[] = [...states];
  if (mask & XT_CONNTRACK_STATE_DNAT) {
    conditions.push({ kind: "dnat" });
    words.push("dnat");
  }
  if (mask & XT_CONNTRACK_STATE_SNAT) {
    conditions.push({ kind: "unknown", text: "ct status snat" });
    words.push("snat");
  }
  return {
    text: `ct state ${negated ? "!= " : ""}${words.join(",")}`,
    alternatives: anyOf(conditions, negated),
  };
}

function statusMatch(mask: number, negated: boolean): Match {
  const sign = negated ? "!= " : "";
  if (mask !== IPS_DST_NAT) return unknownMatch(`ct status ${sign}0x${mask.toString(16)}`);
  return { text: `ct status ${sign}dnat`, alternatives: anyOf([{ kind: "dnat" }], negated) };
}
