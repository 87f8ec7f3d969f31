/** Configurations of a port, as short as a test can say them. */
import type { RuntimeConfig } from "../../../lib/cni/capability.ts";
import { CniError } from "../../../lib/cni/error.ts";
import { foldObject } from "../../../lib/cni/keys.ts";
import { type Issue, type JsonObject, throwIssues } from "../../../lib/cni/read.ts";
import { policiesAnnotation } from "../../../lib/hcn/annotation.ts";
import { type EndpointPolicies, readPolicies } from "../../../lib/hcn/policies.ts";
import { portConfigShape, type ReadPortConfig, readPortConfig } from "../../../lib/hcn/port-config.ts";
import type { Acl } from "../../../lib/policy/acl.ts";

/** @throws {CniError} 7 with what the reader noted */
export function taken<T>(read: (issues: Issue[]) => T): T {
  const issues: Issue[] = [];
  const value = read(issues);
  throwIssues(issues);
  return value;
}

/** The policies of a list that stands under the key `policies`. */
export const policies = (...list: readonly unknown[]): EndpointPolicies =>
  taken((issues) => readPolicies(list, "policies", issues));

/** One policy with these settings. */
export const policy = (Type: string, Settings: JsonObject): JsonObject => ({ Type, Settings });

/** Settings that are enough for an ACL. */
export const allowIn: JsonObject = { Action: "Allow", Direction: "In" };

export function acl(settings: JsonObject): Acl {
  const [rule] = policies(policy("ACL", { ...allowIn, ...settings })).acls;
  if (rule === undefined) throw new Error("no ACL came of it");
  return rule;
}

type Runtime = Pick<RuntimeConfig, "bandwidth" | "podAnnotations">;

export function portConfig(config: JsonObject, runtime: Runtime = {}, network = "net"): ReadPortConfig {
  return taken((issues) => readPortConfig(foldObject(config, portConfigShape), runtime, network, issues));
}

/** @param value text as it is, anything else as JSON */
export const annotation = (value: unknown): Runtime => ({
  podAnnotations: { [policiesAnnotation]: typeof value === "string" ? value : JSON.stringify(value) },
});

export function refusal(act: () => unknown): CniError {
  try {
    act();
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error("it was taken");
}
