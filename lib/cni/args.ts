/** CNI_ARGS: `K=V;K=V`, the oldest way to hand data to a plugin. */
import { CniError, errorCode } from "./error.ts";

export interface CniArgs {
  readonly values: ReadonlyMap<string, string>;
  /** The runtime said IgnoreUnknown=1. */
  readonly ignoreUnknown: boolean;
  /** Pairs that are not `K=V`. ADD and CHECK refuse them, DEL and the others go on without. */
  readonly malformed: readonly string[];
}

/** Keys that runtimes send to every plugin. */
const commonKeys: readonly string[] = [
  "IgnoreUnknown",
  "K8S_POD_NAMESPACE",
  "K8S_POD_NAME",
  "K8S_POD_INFRA_CONTAINER_ID",
  "K8S_POD_UID",
];

/** Splits the variable. Empty pairs are skipped, of a repeated key the last counts. CNI 0.1 to 1.1 "CNI_ARGS". */
export function parseCniArgs(text: string): CniArgs {
  const values = new Map<string, string>();
  const malformed: string[] = [];
  for (const pair of text.split(";")) {
    if (pair === "") continue;
    const [key, value, ...rest] = pair.split("=");
    if (key === undefined || key === "" || value === undefined || rest.length > 0) malformed.push(pair);
    else values.set(key, value);
  }
  const ignore = (values.get("IgnoreUnknown") ?? "0").toLowerCase();
  const ignoreUnknown = ignore === "1" || ignore === "true";
  if (!ignoreUnknown && ignore !== "0" && ignore !== "false") malformed.push(`IgnoreUnknown=${ignore}`);
  return { values, ignoreUnknown, malformed };
}

/** @throws {CniError} 4 naming the keys that are neither common nor `known`, unless the runtime asked to ignore them */
export function requireKnownArgs(args: CniArgs, known: readonly string[]): void {
  if (args.ignoreUnknown) return;
  const unknown = [...args.values.keys()].filter((key) => !known.includes(key) && !commonKeys.includes(key));
  if (unknown.length === 0) return;
  throw new CniError(errorCode.invalidEnvironment, `CNI_ARGS has unknown keys [${unknown.join(",")}]`, {
    reason: "args-unknown",
    details: `known are ${known.join(", ") || "none of its own"}; IgnoreUnknown=1 lets others pass`,
  });
}
