/** A switch port: where a vNIC meets the switch. Policies fill its layers. */
import type { Policy } from "../policy/policy.ts";

export interface Port {
  /** Name of the host's end of the vNIC. */
  readonly name: string;
  readonly policies: readonly Policy[];
}
