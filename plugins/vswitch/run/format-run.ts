/** What a run says on standard error. Pure. */
import { parseResult } from "../../../lib/cni/parse-result.ts";
import type { JsonObject } from "../../../lib/cni/read.ts";
import { parseVersion } from "../../../lib/cni/version.ts";
import { formatPublication } from "./publish.ts";
import type { RunRecord } from "./record.ts";

/** `web on nat: 10.61.0.2/24 fd00:61::2/64, 8080/tcp -> 80`. */
export function formatAttached({ id, network, attachment }: RunRecord, result: JsonObject): string {
  const addresses = addressesOf(result).join(" ") || "without an address";
  const published = attachment.wishes.publish.map(formatPublication);
  return [`${id} on ${network}: ${addresses}`, ...published].join(", ");
}

export function attachedJson({ id, network, attachment }: RunRecord, result: JsonObject): string {
  const { netns, ifname, wishes } = attachment;
  return JSON.stringify({
    id,
    network,
    netns,
    ifname,
    addresses: addressesOf(result),
    published: wishes.publish,
  });
}

function addressesOf(result: JsonObject): readonly string[] {
  try {
    return parseResult(result, parseVersion(result.cniVersion)).ips.map(({ address }) => address);
  } catch {
    return [];
  }
}

/** How to get in and how to end it. */
export function formatKept({ id, attachment }: RunRecord): string {
  const name = attachment.netns.slice(attachment.netns.lastIndexOf("/") + 1);
  return [
    `${id} is kept`,
    `  enter it:  nsenter --net=${attachment.netns} sh    or    ip netns exec ${name} sh`,
    `  remove it: vswitch run --remove ${id}`,
  ].join("\n");
}
