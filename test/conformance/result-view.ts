/** Reads a result of any version in one way. */
import { hostPart } from "./address.ts";
import type { Attachment } from "./context.ts";
import { isObject, type JsonObject, listOf, textOf } from "./json.ts";
import { fail } from "./scenario.ts";

export interface ResultIp {
  /** With prefix length. */
  readonly address: string;
  readonly gateway: string | undefined;
}

/** The addresses, in the order of the result. */
export function ipsOf(result: JsonObject): readonly ResultIp[] {
  const legacy = [result.ip4, result.ip6].filter(isObject);
  if (legacy.length > 0) {
    return legacy.map((part) => ({ address: textOf(part, "ip") ?? "", gateway: textOf(part, "gateway") }));
  }
  return listOf(result, "ips").map((row) => ({
    address: textOf(row, "address") ?? "",
    gateway: textOf(row, "gateway"),
  }));
}

/** The first address without its prefix length. @throws Seen when there is none */
export function ipOf(attachment: Attachment): string {
  const [first] = ipsOf(attachment.result);
  return first === undefined ? fail("the result has no address") : hostPart(first.address);
}

/** The routes with their gateways. */
export function routesOf(result: JsonObject): readonly JsonObject[] {
  const legacy = [result.ip4, result.ip6].filter(isObject);
  return [...listOf(result, "routes"), ...legacy.flatMap((part) => listOf(part, "routes"))];
}

/** The container's interface in the result: the one of that name in the compartment. */
export function ownInterface(attachment: Attachment): JsonObject | undefined {
  return listOf(attachment.result, "interfaces").find(
    (row) => row.name === attachment.ifname && row.sandbox === attachment.netns,
  );
}
