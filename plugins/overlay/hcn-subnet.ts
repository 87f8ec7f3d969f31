/**
 * A subnet as HCN's networks have it, `{IpAddressPrefix, Routes, Policies}`, or HNS v1's, `{AddressPrefix,
 * GatewayAddress, Policies}`. Pure.
 */
import { foldObject } from "../../lib/cni/keys.ts";
import { type Issue, isObject, type JsonObject, report } from "../../lib/cni/read.ts";
import { readEnvelopes } from "../../lib/hcn/envelope.ts";
import { sameEverywhere } from "../../lib/hcn/network-policies.ts";
import { isZero, refuseOthers, unsupported } from "../../lib/hcn/settings.ts";
import { readVsid } from "./hcn.ts";
import { hcnSubnetShape } from "./subnets.ts";

/**
 * @returns the VSIDs that its policies name
 * @throws {CniError} 2 for what a subnet does not have here
 */
export function readHcnSubnet(item: JsonObject, at: string, issues: Issue[]): readonly number[] {
  const { Routes, Policies, ...rest } = foldObject(item, hcnSubnetShape);
  const names = ["IpAddressPrefix", "AddressPrefix", "GatewayAddress"];
  refuseOthers(rest, names, at, "a subnet has IpAddressPrefix, Routes and Policies");
  const routes = Array.isArray(Routes) ? Routes : [];
  for (const [i, route] of routes.entries()) requireDefault(route, `${at}.Routes[${i}]`, issues);
  const gateways = [
    rest.GatewayAddress,
    ...routes.map((route) => (isObject(route) ? route.NextHop : undefined)),
  ];
  sameEverywhere(
    `${at}: its gateway`,
    gateways.filter((one) => typeof one === "string" && one !== "") as string[],
    issues,
  );
  return readEnvelopes(Policies, `${at}.Policies`, issues).flatMap((raw) => {
    if (raw.type.toLowerCase() !== "vsid")
      throw unsupported(`${raw.path}.Type`, raw.type, "a subnet of an overlay network has VSID");
    return readVsid(raw, issues) ?? [];
  });
}

/** The subnet's gateway stands in a default route. */
function requireDefault(route: unknown, at: string, issues: Issue[]): void {
  const { NextHop, DestinationPrefix, ...others } = isObject(route) ? route : {};
  if (typeof NextHop !== "string") report(issues, `${at}.NextHop`, "the subnet's gateway", NextHop);
  refuseOthers(others, ["Metric"], at, "a route has NextHop and DestinationPrefix");
  if (isZero(DestinationPrefix) || DestinationPrefix === "0.0.0.0/0" || DestinationPrefix === "::/0") return;
  throw unsupported(
    `${at}.DestinationPrefix`,
    DestinationPrefix,
    "routes of containers beside the default one stand in ipam.routes",
  );
}
