/** What a run says on standard error. Pure. */
import { folded } from "../../../lib/cni/keys.ts";
import { parseResult } from "../../../lib/cni/parse-result.ts";
import { isObject, type JsonObject } from "../../../lib/cni/read.ts";
import { parseVersion } from "../../../lib/cni/version.ts";
import { formatPublication } from "./publish.ts";
import type { RunRecord } from "./record.ts";

/** `web on nat: 10.61.0.2/24 fd00:61::2/64, 8080/tcp -> 80`. */
export function formatAttached(record: RunRecord, result: JsonObject): string {
  const { id, network, attachment } = record;
  const addresses = addressesOf(result).join(" ") || "without an address";
  const published = attachment.wishes.publish.map(formatPublication);
  const line = [`${id} on ${network}: ${addresses}`, ...published].join(", ");
  return isForGuest(record) ? `${line}\n${guestWords(id)}` : line;
}

/** Whose command is no virtual machine monitor has no network. */
const guestWords = (id: string): string =>
  `  for a virtual machine (vnic vmNic): the compartment has a tap and no address; vswitch guest-config --container ${id}`;

/** Some plugin of the chain makes the NIC of a virtual machine. */
export const isForGuest = ({ chain: { plugins } }: Pick<RunRecord, "chain">): boolean =>
  plugins.some((plugin) => [plugin, cniArgsOf(plugin)].some(asksForGuest));

function asksForGuest(source: JsonObject): boolean {
  const asked = folded(source, "vnic");
  const type = isObject(asked) ? folded(asked, "vnic") : asked;
  return typeof type === "string" && type.toLowerCase() === "vmnic";
}

function cniArgsOf({ args }: JsonObject): JsonObject {
  const cni = isObject(args) ? args.cni : undefined;
  return isObject(cni) ? cni : {};
}

export function attachedJson(record: RunRecord, result: JsonObject): string {
  const { id, network, attachment } = record;
  const { netns, ifname, wishes } = attachment;
  return JSON.stringify({
    id,
    network,
    netns,
    ifname,
    addresses: addressesOf(result),
    published: wishes.publish,
    ...(isForGuest(record) ? { vnic: "vmNic" } : {}),
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
