/** Reading what a host has for the endpoints of a routed switch. Changes nothing. */
import { hostPrefix } from "../../addr/prefix.ts";
import type { Plan } from "../../model/plan.ts";
import { isRouted, proxyOf, type Switch } from "../../model/switch.ts";
import type { Netlink } from "../../netlink/connection.ts";
import type { Link } from "../../netlink/route/decode-link.ts";
import { decodeRoute } from "../../netlink/route/decode-route.ts";
import { decodeNeighbour, dumpNeighbours } from "../../netlink/route/neighbour.ts";
import { dumpRoutes } from "../../netlink/route/route.ts";
import { linkOf } from "../link-of.ts";
import type { Machine } from "../machine.ts";
import { bridgeSettings, type HostSetting, hostSettings, type Setting } from "./settings.ts";
import { type Way, waysOf } from "./ways.ts";

export interface RoutedState {
  /** What the host answers on. */
  readonly proxy: Link | undefined;
  /** Settings that are not as they must be. */
  readonly bridge: readonly Setting[];
  readonly host: readonly HostSetting[];
}

/** @returns undefined for other switches */
export function observeRouted(
  { host, readSysctl }: Pick<Machine, "host" | "readSysctl">,
  vswitch: Switch,
): RoutedState | undefined {
  if (!isRouted(vswitch)) return undefined;
  const differs = ({ key, value }: Setting): boolean => readSysctl(key) !== value;
  return {
    proxy: linkOf(host, vswitch.lower),
    bridge: bridgeSettings(vswitch).filter(differs),
    host: hostSettings(vswitch).filter(differs),
  };
}

export function lostWays(host: Netlink, plan: Plan): readonly Way[] {
  const ways = waysOf(plan);
  const proxy = proxyOf(plan.switch);
  if (ways.length === 0 || proxy === undefined) return [];
  const [bridge, lower] = [linkOf(host, plan.switch.name), linkOf(host, proxy)];
  const routes =
    bridge === undefined ? [] : host.request(dumpRoutes({ index: bridge.index })).map(decodeRoute);
  const proxies = lower === undefined ? [] : proxiesOf(host, lower.index);
  return ways.filter(({ kind, address }) =>
    kind === "route"
      ? !routes.some(({ dst, gateway }) => dst === hostPrefix(address) && gateway === undefined)
      : !proxies.some((one) => one.address === address),
  );
}

/** Answers of the host on a link, whoever wants them. */
function proxiesOf(host: Netlink, index: number): readonly ReturnType<typeof decodeNeighbour>[] {
  const found = host.request(dumpNeighbours({ proxy: true, index })).map(decodeNeighbour);
  // Older kernels do not filter these.
  return found.filter((one) => one.proxy && one.index === index);
}
