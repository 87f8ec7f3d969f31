/** What is shown of a trace: it, and the sender's name in words. */
import type { Trace } from "../../../lib/model/path/trace.ts";

export interface TraceView {
  readonly trace: Trace;
  /** Who sends. */
  readonly name: string;
}
