/** What a test machine is asked to do. */
import { join } from "node:path";
import { guestBinDir } from "./usr-image.ts";

export interface StepOptions {
  /** Default 60 000. Then the step has failed as "hang", and is killed if the machine still answers. */
  readonly timeoutMs?: number;
}

/** A CNI call, as `PluginCall` of the system tests. */
export interface VmPluginCall extends StepOptions {
  /** CNI_COMMAND; leave it out to set none. */
  readonly verb?: string;
  /** The whole environment of the process: nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text as it is, any other value as JSON, undefined for an empty input. */
  readonly stdin?: unknown;
  readonly args?: readonly string[];
  /** The network namespace that is the host: its name below /run/netns. Absent: the machine's own. */
  readonly netns?: string;
}

/** A step: words of a command, or a script for busybox' shell. */
export type Step = string | readonly string[];

/** The step as a script of `sh`. */
export function scriptOf(step: Step): string {
  return typeof step === "string" ? step : `exec ${step.map(quote).join(" ")}`;
}

/** The step as an error names it. */
export function titleOf(step: Step): string {
  const text = typeof step === "string" ? step.trim() : step.join(" ");
  return text.length > 300 ? `${text.slice(0, 300)} ...` : text;
}

/** The call as a script of `sh`. */
export function pluginScript(exe: string, { verb, env = {}, stdin, args = [], netns }: VmPluginCall): string {
  const all = { ...env, ...(verb === undefined ? {} : { CNI_COMMAND: verb }) };
  const variables = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const text = stdin === undefined ? "" : typeof stdin === "string" ? stdin : JSON.stringify(stdin);
  const path = exe.startsWith("/") ? exe : join(guestBinDir, exe);
  const enter = netns === undefined ? [] : ["nsenter", `--net=/run/netns/${netns}`];
  const command = [...enter, "env", "-i", ...variables, path, ...args].map(quote).join(" ");
  return `printf %s ${quote(text)} | ${command}`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
