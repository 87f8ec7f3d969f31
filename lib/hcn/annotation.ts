/** Policies that a pod's annotation asks for, where the configuration declares the capability. */
import { type Issue, isObject, type JsonObject, report } from "../cni/read.ts";
import { type EndpointPolicies, readPolicies } from "./policies.ts";

/** JSON of a list of policies, or of an object with one list for each network. */
export const policiesAnnotation = "vswitch-cni/policies";

const expected = "JSON: a list of policies, or an object with one list for each network";

/** The configuration's rules go up to 65535, and what they decide a pod does not decide otherwise. */
const firstPriority = 65536;

/**
 * A pod adds to what the configuration says: its ACLs are judged after all of the configuration's.
 *
 * @param network whose policies are wanted
 * @throws {CniError} 2 for a policy that this build does not apply
 */
export function annotatedPolicies(
  annotations: JsonObject | undefined,
  network: string,
  issues: Issue[],
): EndpointPolicies {
  const path = `annotation ${policiesAnnotation}`;
  const text = annotations?.[policiesAnnotation];
  const list = listFor(network, parse(text, path, issues), path, issues);
  const policies = readPolicies(list.value, list.path, issues);
  const acls = policies.acls.map((acl) => ({ ...acl, priority: firstPriority + acl.priority }));
  return { ...policies, acls };
}

/** @returns undefined when there is none, as for a text without any character */
function parse(text: unknown, path: string, issues: Issue[]): unknown {
  if (text === undefined || text === null) return undefined;
  if (typeof text !== "string") return report(issues, path, expected, text);
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return report(issues, path, expected, text);
  }
}

/** Every network's entry must be a list: a policy that lost its brackets is not a network without policies. */
function listFor(
  network: string,
  parsed: unknown,
  path: string,
  issues: Issue[],
): { readonly value: unknown; readonly path: string } {
  if (parsed === undefined || Array.isArray(parsed)) return { value: parsed, path };
  if (!isObject(parsed)) return { value: report(issues, path, expected, parsed), path };
  for (const [name, list] of Object.entries(parsed))
    if (!Array.isArray(list)) report(issues, `${path}: ${name}`, "a list of policies", list);
  const own = Object.hasOwn(parsed, network) ? parsed[network] : undefined;
  return { value: Array.isArray(own) ? own : undefined, path: `${path}: ${network}` };
}
