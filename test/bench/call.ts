/** What the bench asks of a caller (caller.ts), and what it answers: plain JSON, one line each way. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** One plugin of a chain. */
export interface Plugin {
  /** Absolute path. */
  readonly exe: string;
  /** For programs that are no plugin. */
  readonly args?: readonly string[];
  /** Its entry in the list; `capabilities` decides what of the runtime's wishes it is told. */
  readonly config: JsonObject & {
    readonly type: string;
    readonly capabilities?: Readonly<Record<string, boolean>>;
  };
}

export interface Network {
  readonly name: string;
  readonly plugins: readonly Plugin[];
  /** Folders with delegates. */
  readonly cniPath: string;
  /** The whole environment beside the variables of CNI. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Attachment {
  readonly id: string;
  readonly netns: string;
  readonly runtimeConfig?: JsonObject;
}

export interface CallRequest {
  readonly verb: "ADD" | "DEL" | "VERSION";
  readonly network: Network;
  readonly attachments: readonly Attachment[];
  /** All attachments together instead of one after the other. */
  readonly atOnce?: boolean;
  /** Also take the peak memory of each process; the times are then not to be used. */
  readonly memory?: boolean;
}

/** One process of a chain; what it started itself is in it. */
export interface Step {
  readonly type: string;
  /** From start to exit. */
  readonly ms: number;
  /** Processor time, of what it started itself too. Only the sum is exact: the kernel guesses what of it was its own. */
  readonly cpuMs: number;
  /** Peak resident set of the process itself, 0 unless asked for. */
  readonly maxRssKiB: number;
}

export interface CallReply {
  /** From the first start to the last exit. */
  readonly wallMs: number;
  /** The processes of each attachment, in the order they ran. */
  readonly chains: readonly (readonly Step[])[];
}

export type CallAnswer = CallReply | { readonly error: string };

/** What a runtime waits for one attachment: all processes of its chain, one after the other. */
export function chainMs(reply: CallReply, at = 0): number {
  return (reply.chains[at] ?? []).reduce((sum, step) => sum + step.ms, 0);
}
