/** When a client of either family has something to do next. */
import type { Exchange } from "./exchange.ts";

/** All times in milliseconds since 1970. */
type Standing =
  | { readonly kind: "waiting"; readonly untilMs: number }
  | { readonly kind: "bound"; readonly lease: { readonly renewMs: number } }
  | { readonly kind: "renewing"; readonly exchange: Exchange; readonly lease: { readonly rebindMs: number } }
  | {
      readonly kind: "rebinding";
      readonly exchange: Exchange;
      readonly lease: { readonly expiresMs: number };
    }
  | { readonly kind: "selecting" | "soliciting" | "requesting" | "rebooting"; readonly exchange: Exchange };

/** Without any message, in milliseconds since 1970. */
export function dueMs(state: Standing): number {
  switch (state.kind) {
    case "waiting":
      return state.untilMs;
    case "bound":
      return state.lease.renewMs;
    case "renewing":
      return Math.min(state.exchange.nextMs, state.lease.rebindMs);
    case "rebinding":
      return Math.min(state.exchange.nextMs, state.lease.expiresMs);
    default:
      return state.exchange.nextMs;
  }
}
