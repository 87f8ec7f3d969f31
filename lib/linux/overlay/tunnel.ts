/** Steps that make an overlay network's tunnel what the plan says. Pure. */
import { CniError, errorCode } from "../../cni/error.ts";
import type { OverlaySwitch } from "../../model/switch.ts";
import type { Request } from "../../netlink/message.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { createVxlan } from "../../netlink/route/vxlan.ts";
import { markedNetwork, networkMark, tunnelAlias } from "../mark.ts";
import type { LinkIndex, Step } from "../step.ts";
import type { TunnelState } from "./observe.ts";
import { lacksEarlyChecksums, tunnelLacks } from "./tunnel-lacks.ts";

/**
 * The switch is there already.
 *
 * @returns nothing when all is as planned
 * @throws {CniError} 108 when something else bears the name, or receives what the tunnel should
 */
export function compileTunnel(wanted: OverlaySwitch, found: TunnelState): readonly Step[] {
  requireFree(wanted, found);
  const created = found.link === undefined;
  const lacking = tunnelLacks(wanted, found);
  const unset = offload(wanted, found);
  if (!created && lacking.length === 0) return unset;
  return [
    ...(created ? create(wanted) : []),
    // An ADD that broke off before the mark may not have come to these.
    ...(found.link?.alias === tunnelAlias(wanted.network) ? [] : settings(wanted)),
    ...unset,
    {
      ...step(lacking.map(({ title }) => title).join("; "), (index) =>
        lacking.flatMap(({ requests }) => requests(index("switch"))),
      ),
      takes: `UDP port ${wanted.tunnel.udpPort}`,
    },
  ];
}

const step = (title: string, requests: (index: LinkIndex) => readonly Request[]): Step => ({
  title,
  scope: "switch",
  action: { kind: "host", requests },
  // The kernel may have no IPv6 at all.
  accept: ["EAFNOSUPPORT"],
});

/** A sealed tunnel hangs on its uplink: without that it is gone, and nothing leaves by another. */
function create({ tunnel, vni, mtu }: OverlaySwitch): readonly Step[] {
  const { name, vtep, udpPort, mac, sealed, uplink } = tunnel;
  const wanted = { name, vni, local: vtep, udpPort, mac, mtu };
  if (!sealed) {
    const request = createVxlan(wanted);
    return [{ ...step(request.title, () => [request]), needs: "vxlan" }];
  }
  return [
    {
      title: `learn ${uplink}`,
      scope: "switch",
      action: { kind: "learn", where: "host", role: "uplink", name: uplink },
    },
    {
      ...step(`${createVxlan(wanted).title} dev ${uplink}`, (index) => [
        createVxlan({ ...wanted, lower: index("uplink") }),
      ]),
      needs: "vxlan",
    },
  ];
}

/** Before the link is up: no router advertisement of another host is ever accepted. */
function settings({ tunnel: { name }, mode }: OverlaySwitch): readonly Step[] {
  const optional = (family: string, key: string, value: string): Step => ({
    title: `sysctl net.${family}.conf.${name}.${key}=${value}`,
    scope: "switch",
    action: { kind: "sysctl", where: "host", key: [family, "conf", name, key], value, optional: true },
  });
  const quiet = setLink(name, { addrGenMode: "none" });
  return [
    ...(mode === "stretched"
      ? [optional("ipv6", "disable_ipv6", "1")]
      : [optional("ipv6", "disable_ipv6", "0"), optional("ipv6", "accept_ra", "0")]),
    step(quiet.title, () => [quiet]),
  ];
}

function offload(wanted: OverlaySwitch, found: TunnelState): readonly Step[] {
  const { name } = wanted.tunnel;
  if (!lacksEarlyChecksums(wanted, found)) return [];
  return [
    {
      title: `ethtool -K ${name} tx off`,
      scope: "switch",
      action: { kind: "offload", name, txChecksum: false },
    },
  ];
}

function requireFree(wanted: OverlaySwitch, { link, vxlan, rival }: TunnelState): void {
  const { tunnel, vni, network } = wanted;
  const { name, udpPort, mac } = tunnel;
  if (rival !== undefined) {
    throw taken(
      `tunnel ${rival} receives VNI ${vni} at UDP port ${udpPort}`,
      "remove it, or choose another vni or udpPort, on all hosts of the network",
    );
  }
  if (link === undefined) return;
  const unfinished = link.alias === undefined && link.mac === mac;
  const ours = markedNetwork(link.alias) === networkMark(network) || unfinished;
  if (vxlan === undefined || !ours)
    throw taken(
      `interface ${name} of kind ${link.kind ?? "physical"} is not ours`,
      `remove it: ip link delete ${name}`,
    );
  if (vxlan.vni === vni && vxlan.udpPort === udpPort) return;
  throw taken(
    `tunnel ${name} has VNI ${vxlan.vni} at UDP port ${vxlan.udpPort}, the network ${vni} at ${udpPort}`,
    `remove it, and it is made anew: ip link delete ${name}`,
  );
}

function taken(what: string, details: string): CniError {
  return new CniError(errorCode.conflict, what, { reason: "tunnel-taken", details });
}
