/** Reads back from the kernel what a result promises. */
import type { Host } from "../system/host.ts";
import type { Namespace } from "../system/namespaces.ts";
import { familyOf, hostPart } from "./address.ts";
import type { Attachment } from "./context.ts";
import { isObject, type JsonObject, listOf } from "./json.ts";
import { ipsOf, ownInterface, routesOf } from "./result-view.ts";
import { must } from "./scenario.ts";

/** A link with its addresses, as `ip -j address` gives it; undefined when there is none of that name. */
export async function linkOf(host: Host, ns: Namespace, name: string): Promise<JsonObject | undefined> {
  const done = await host.run(ns, ["ip", "-j", "-d", "address", "show", "dev", name]);
  return done.exitCode === 0 ? (JSON.parse(done.stdout) as JsonObject[])[0] : undefined;
}

/** All links of a namespace. */
export async function linksOf(host: Host, ns: Namespace): Promise<readonly JsonObject[]> {
  return JSON.parse(await host.exec(ns, "ip", "-j", "-d", "address", "show")) as JsonObject[];
}

/** The routes of the main table. */
export async function kernelRoutes(host: Host, ns: Namespace, family: 4 | 6): Promise<readonly JsonObject[]> {
  return JSON.parse(await host.exec(ns, "ip", "-j", `-${family}`, "route", "show")) as JsonObject[];
}

/** The host's end of a veth pair: the link whose index the container's link names. Undefined for other kinds. */
export async function hostEnd(host: Host, attachment: Attachment): Promise<JsonObject | undefined> {
  const inside = await linkOf(host, attachment.ns, attachment.ifname);
  const info = inside?.linkinfo;
  if (!isObject(info) || info.info_kind !== "veth") return undefined;
  return (await linksOf(host, host.ns)).find((link) => link.ifindex === inside?.link_index);
}

/** The interface, addresses and routes of the result are really there and usable. @throws Seen */
export async function expectReal(host: Host, attachment: Attachment): Promise<void> {
  const { ns, ifname, result, ofGuest } = attachment;
  const link = await linkOf(host, ns, ifname);
  must(link !== undefined, `there is no ${ifname} in the compartment`);
  const flags = link.flags as readonly string[];
  // What a guest's monitor opens has no carrier before it does.
  must(
    flags.includes("UP") && (ofGuest || flags.includes("LOWER_UP")),
    `${ifname} is not up with carrier: ${flags.join(",")}`,
  );
  const own = ownInterface(attachment);
  if (own?.mac !== undefined)
    must(own.mac === link.address, `mac ${own.mac} but the kernel has ${link.address}`);
  if (own?.mtu !== undefined) must(own.mtu === link.mtu, `mtu ${own.mtu} but the kernel has ${link.mtu}`);
  if (ofGuest) {
    const held = listOf(link, "addr_info").map((row) => row.local);
    must(held.length === 0, `${ifname} has ${held.join(", ")}, which are the guest's`);
    return;
  }
  for (const { address } of ipsOf(result)) expectAddress(link, address);
  for (const family of [4, 6] as const) {
    const wanted = routesOf(result).filter((row) => familyOf(String(row.dst)) === family);
    if (wanted.length === 0) continue;
    const found = await kernelRoutes(host, ns, family);
    for (const row of wanted) expectRoute(found, row);
  }
}

function expectAddress(link: JsonObject, address: string): void {
  const found = listOf(link, "addr_info").find((row) => `${row.local}/${row.prefixlen}` === address);
  must(found !== undefined, `the address ${address} of the result is not on ${link.ifname}`);
  must(
    found.tentative !== true && found.dadfailed !== true,
    `${address} is still tentative when ADD returns`,
  );
}

function expectRoute(found: readonly JsonObject[], wanted: JsonObject): void {
  const dst = String(wanted.dst);
  const forms = /\/0$/.test(dst) ? ["default"] : [dst, hostPart(dst)];
  const there = found.some(
    (row) => forms.includes(String(row.dst)) && (wanted.gw === undefined || row.gateway === wanted.gw),
  );
  must(
    there,
    `the route ${JSON.stringify(wanted)} of the result is not in the kernel: ${JSON.stringify(found)}`,
  );
}
