/** Signs of a live probe as a platform sees them, before anybody has concluded from them. */
import type { Ip } from "../../addr/ip.ts";
import type { LiveHeader } from "./live.ts";

/** Of rules: for frames of switches, for packets of the host, and for what carries the probe to another host or from there. */
export type LiveLayer = "bridge" | "host" | "underlay";

/** The sender's compartment, the host, or the compartment of the receiver with this key. */
export type LiveSpace =
  | { readonly kind: "sender" }
  | { readonly kind: "host" }
  | { readonly kind: "receiver"; readonly key: string };

export type LiveHook = "prerouting" | "input" | "forward" | "output" | "postrouting";

interface AtInterface {
  /** Since the probe was sent. */
  readonly ms: number;
  readonly space: LiveSpace;
  readonly interface: string;
  readonly direction: "in" | "out" | "passing";
}

export type LiveEvent =
  | (AtInterface & { readonly kind: "frame"; readonly header: LiveHeader })
  /** Somebody asks who has an address, or answers. */
  | (AtInterface & {
      readonly kind: "neighbour";
      readonly question: boolean;
      readonly target: Ip;
      readonly asker: Ip;
    })
  /** ICMP about the probe. */
  | (AtInterface & {
      readonly kind: "error";
      readonly from: Ip;
      readonly type: number;
      readonly code: number;
    })
  /** It came to a hook, or passed all rules there. */
  | {
      readonly kind: "hook";
      readonly ms: number;
      readonly layer: LiveLayer;
      readonly hook: LiveHook;
      readonly edge: "first" | "last";
    }
  /** A rule applied, or the policy of a chain. */
  | {
      readonly kind: "rule";
      readonly ms: number;
      readonly layer: LiveLayer;
      readonly hook: LiveHook;
      /** Family and table. */
      readonly table: string;
      readonly chain: string;
      /** In nft's words; absent for a policy. */
      readonly rule?: string;
      /** In nft's words: "accept", "jump DOCKER". */
      readonly verdict: string;
    }
  /** The sender's kernel had no way to send it. */
  | { readonly kind: "unsent"; readonly ms: number; readonly errno: string };
