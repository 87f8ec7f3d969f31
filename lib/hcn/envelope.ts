/**
 * The shapes in which configurations carry HCN's policies, brought to one: a type and its settings.
 *
 * HCN v2 writes `{"Type", "Settings"}`; Microsoft's plugins wrap it as `{"Name": "EndpointPolicy", "Value"}`, the
 * reference Windows plugins as `{"name", "value"}` around v1's flat form, whose fields stand beside the type.
 */
import { anyShape, foldObject } from "../cni/keys.ts";
import { type Issue, isObject, type JsonObject, readList, report } from "../cni/read.ts";

export interface RawPolicy {
  /** Where it stands in the configuration: `AdditionalArgs[0].Value`. */
  readonly path: string;
  readonly type: string;
  readonly settings: JsonObject;
  /** What the wrapping says it is for; only endpoints have policies here. */
  readonly name: string;
}

/** Types of HCN v1 under their names of v2. */
const firstNames: Readonly<Record<string, string>> = { NAT: "PortMapping" };

/** @returns the policies of a list; what has no type is noted and left out */
export function readEnvelopes(value: unknown, path: string, issues: Issue[]): readonly RawPolicy[] {
  return readList(value, path, issues, (item, at) => {
    if (!isObject(item)) return report(issues, at, "a policy: an object with Type and Settings", item);
    const outer = foldObject(item, { Name: anyShape, Value: anyShape, ...typed });
    const wrapped = isObject(outer.Value);
    const inner = wrapped ? foldObject(outer.Value as JsonObject, typed) : outer;
    const where = wrapped ? `${at}.Value` : at;
    if (typeof inner.Type !== "string")
      return report(issues, `${where}.Type`, "the name of a policy", inner.Type);
    const name = wrapped && typeof outer.Name === "string" ? outer.Name : "EndpointPolicy";
    const { Type: type, Settings, ...flat } = inner;
    const settings = isObject(Settings) ? Settings : wrapped ? flat : {};
    return { path: where, type: firstNames[type] ?? type, settings, name };
  });
}

const typed = { Type: anyShape, Settings: anyShape } as const;
