/** Where a DHCPv4 client stands, and what one step of it brings (RFC 2131 4.4, figure 5). */
import type { Ip } from "../../addr/ip.ts";
import type { Mac } from "../../addr/mac.ts";
import type { Exchange } from "../exchange.ts";
import type { Lease4 } from "../lease.ts";
import type { Outcome } from "../session.ts";
import type { Message4 } from "./message.ts";

export interface Client4 {
  readonly mac: Mac;
  readonly clientId: Uint8Array;
  readonly hostname?: string;
  /** From 0 up to 1. */
  readonly random: () => number;
}

export type State4 =
  /** INIT, not before its time. */
  | { readonly kind: "waiting"; readonly untilMs: number; readonly declined: number }
  | {
      readonly kind: "selecting";
      readonly exchange: Exchange;
      readonly requested?: Ip;
      /** Addresses that were found to be taken, since the last lease. */
      readonly declined: number;
    }
  | {
      readonly kind: "requesting";
      readonly exchange: Exchange;
      /** When it began to look for a server. */
      readonly beganMs: number;
      readonly address: Ip;
      readonly server: Ip;
      readonly declined: number;
    }
  /** INIT-REBOOT: asks for an address that it had. */
  | { readonly kind: "rebooting"; readonly exchange: Exchange; readonly address: Ip }
  | { readonly kind: "bound"; readonly lease: Lease4; readonly declined: number }
  | { readonly kind: "renewing"; readonly lease: Lease4; readonly exchange: Exchange }
  | { readonly kind: "rebinding"; readonly lease: Lease4; readonly exchange: Exchange };

export type Event4 =
  /** Nothing but that it is later; at `nextMs` at the latest. */
  | { readonly kind: "time" }
  | { readonly kind: "message"; readonly message: Message4; readonly from: Mac }
  /** Somebody else on the link has the address of the lease. */
  | { readonly kind: "taken" };

export interface Outgoing4 {
  readonly message: Message4;
  readonly source: Ip;
  /** Absent: to all on the link. */
  readonly to?: { readonly ip: Ip; readonly mac: Mac };
}

export type Outcome4 = Outcome<Lease4>;

export interface Step4 {
  readonly state: State4;
  readonly sends: readonly Outgoing4[];
  /** When the next step is due without any message, in milliseconds since 1970. */
  readonly nextMs: number;
  readonly outcome?: Outcome4;
}
