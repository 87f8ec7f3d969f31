/** What an answer means to a client in its state (RFC 2131 4.4): most are not for it. */
import type { Ip } from "../../addr/ip.ts";
import type { Mac } from "../../addr/mac.ts";
import type { Lease4 } from "../lease.ts";
import { isHostAddress, leaseOf } from "./lease-of.ts";
import { type Message4, messageType } from "./message.ts";
import type { Client4, State4 } from "./state.ts";

type StateOf<Kind extends State4["kind"]> = Extract<State4, { kind: Kind }>;

export type Heard =
  | { readonly kind: "nothing" }
  | {
      readonly kind: "offer";
      readonly state: StateOf<"selecting">;
      readonly offer: { readonly address: Ip; readonly server: Ip };
    }
  /** `isNew`: not more time for the one it has. */
  | { readonly kind: "lease"; readonly lease: Lease4; readonly isNew: boolean }
  | { readonly kind: "refusal" };

const nothing: Heard = { kind: "nothing" };

export function hear(client: Client4, state: State4, message: Message4, from: Mac): Heard {
  if (state.kind === "waiting" || state.kind === "bound" || !isForUs(client, state.exchange.xid, message)) {
    return nothing;
  }
  const { type, server, leaseSeconds } = message.options;
  if (state.kind === "selecting") {
    // The first offer will do: a container waits.
    const { yiaddr: address } = message;
    const isOffer = type === messageType.offer && leaseSeconds !== 0 && isHostAddress(address);
    return isOffer && server !== undefined ? { kind: "offer", state, offer: { address, server } } : nothing;
  }
  if (!mayDecide(state, server)) return nothing;
  if (type === messageType.nak) return { kind: "refusal" };
  if (type !== messageType.ack) return nothing;
  const { random } = client;
  // RFC 2131 3.1.5: from the first question, so that the server never thinks it over before we do.
  const lease = leaseOf(message, { askedMs: state.exchange.startedMs, from, random });
  if (lease === undefined) return nothing;
  const isNew = state.kind === "requesting" || state.kind === "rebooting";
  return { kind: "lease", lease, isNew };
}

function isForUs({ mac, clientId }: Client4, xid: number, { op, options, ...message }: Message4): boolean {
  const told = options.clientId;
  // RFC 6842: two clients may have one MAC.
  const isOther =
    told !== undefined && !(told.length === clientId.length && told.every((b, i) => b === clientId[i]));
  return op === "reply" && message.xid === xid && message.chaddr === mac && !isOther;
}

/** What was asked of one server is answered by that one. */
function mayDecide(
  state: Exclude<State4, { kind: "waiting" | "bound" | "selecting" }>,
  server: Ip | undefined,
): boolean {
  if (state.kind === "requesting") return server === undefined || server === state.server;
  if (state.kind === "renewing") return server === undefined || server === state.lease.server;
  return true;
}
