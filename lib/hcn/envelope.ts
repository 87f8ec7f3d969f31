/**
 * The shapes in which configurations carry HCN's policies, brought to one: a type and its settings.
 *
 * HCN v2 writes `{"Type", "Settings"}`; Microsoft's plugins wrap it as `{"Name": "EndpointPolicy", "Value"}`, the
 * reference Windows plugins as `{"name", "value"}` around v1's flat form, whose fields stand beside the type.
 */
import { flatShape, foldKeys } from "../cni/keys.ts";
import { type Issue, isObject, type JsonObject, readList, report } from "../cni/read.ts";
import { misspeltKeys } from "../cni/schema.ts";
import { refuseOthers, unknownKey, unsupported } from "./settings.ts";

export interface RawPolicy {
  /** Where it stands in the configuration: `AdditionalArgs[0].Value`. */
  readonly path: string;
  readonly type: string;
  readonly settings: JsonObject;
  /** Where its settings stand: `AdditionalArgs[0].Value.Settings`, of v1 the policy itself. */
  readonly at: string;
}

const wrapping = ["Name", "Value"];
const own = ["Type", "Settings"];
const shape = flatShape(...wrapping, ...own);
const policy = "a policy: an object with Type and Settings";

/**
 * @param value undefined stands in it for a policy that is read elsewhere, so that the others keep their places
 * @param whose names that a wrapping may bear
 * @returns the policies of a list; what is none is noted and left out
 * @throws {CniError} 2 for policies of something else, by default than an endpoint, and for keys beside those of the shape
 */
export function readEnvelopes(
  value: unknown,
  path: string,
  issues: Issue[],
  whose: readonly string[] = ["EndpointPolicy"],
): readonly RawPolicy[] {
  return readList(value, path, issues, (item, at) => {
    if (item === undefined) return undefined;
    if (!isObject(item)) return report(issues, at, policy, item);
    const { Name, ...outer } = foldKeys(item, shape) as JsonObject;
    requireName(Name, `${at}.Name`, whose);
    const isWrapped = "Value" in outer || (Name !== undefined && !("Type" in outer));
    if (!isWrapped) return readTyped(outer, at, issues);
    const { Value } = outer;
    if (!isObject(Value)) return report(issues, `${at}.Value`, policy, Value);
    refuseOthers(outer, ["Value"], at, "a wrapped policy has Name and Value");
    return readTyped(foldKeys(Value, flatShape(...own)) as JsonObject, `${at}.Value`, issues);
  });
}

function readTyped(object: JsonObject, path: string, issues: Issue[]): RawPolicy | undefined {
  const { Type: type, Settings, ...flat } = object;
  const [slip] = misspeltKeys(flat, own);
  if (slip !== undefined) throw unknownKey(slip, path);
  if (typeof type !== "string" || type === "")
    return report(issues, `${path}.Type`, "the name of a policy", type);
  if (Settings === undefined) return { path, type, settings: flat, at: path };
  const at = `${path}.Settings`;
  if (!isObject(Settings)) return report(issues, at, "an object", Settings);
  refuseOthers(flat, [], path, "what a policy says stands in its Settings");
  return { path, type, settings: Settings, at };
}

/** The reference plugins match the word without regard to case. */
function requireName(name: unknown, path: string, whose: readonly string[]): void {
  if (name === undefined || name === "") return;
  if (typeof name === "string" && whose.some((one) => one.toLowerCase() === name.toLowerCase())) return;
  throw unsupported(path, name, "EndpointPolicy is; what concerns a whole network are keys of its own");
}
