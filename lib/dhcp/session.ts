/** A client at work, of either family: what to send, how long to wait, and what it came to. Pure, like the clients. */
import type { Datagram } from "./socket.ts";

export type Outcome<Lease> =
  | { readonly kind: "bound"; readonly lease: Lease }
  /** More time for what it had, or another address in its place. */
  | { readonly kind: "renewed"; readonly lease: Lease }
  /** A server refused: what was asked for, or was had until now, must not be used. */
  | { readonly kind: "refused"; readonly server?: string; readonly text?: string }
  | { readonly kind: "expired"; readonly lease: Lease }
  /** Somebody else on the link has the address. */
  | { readonly kind: "declined"; readonly lease: Lease };

export interface Session<Lease> {
  /** To be sent now. */
  readonly sends: readonly Datagram[];
  /** When the next step is due without any datagram, in milliseconds since 1970. */
  readonly nextMs: number;
  readonly outcome?: Outcome<Lease>;
  /** Who offered what and was not heard of since, in words. */
  readonly offered?: string;
  /** @param event "taken": somebody else has the address of the lease */
  step(event: Datagram | "time" | "taken", nowMs: number): Session<Lease>;
}
