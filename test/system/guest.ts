/** A guest behind the tap of a vmNic: a namespace whose NIC a stand-in monitor joins to the tap. */
import type { Child } from "./child.ts";
import type { MonitorRequest } from "./monitor.ts";
import type { Namespace } from "./namespaces.ts";
import type { Attached, NatLab } from "./nat-lab.ts";

export interface Guest {
  /** Its stack, with the MAC, addresses and routes of the result. */
  readonly ns: Namespace;
  readonly monitor: Child;
  readonly mac: string;
}

/** Name and place of the tap that a result tells of. */
export function tapOf({ ns, result }: Pick<Attached, "ns" | "result">): MonitorRequest {
  const { interfaces } = result;
  const isInside = interfaces.some(({ sandbox }) => sandbox !== undefined);
  // Beside CNI_IFNAME in the compartment there is the link to the switch, or the tap, which has a name of its own.
  const names = interfaces.filter(({ sandbox }) => sandbox !== undefined).map(({ name }) => name);
  const own = names.find((name) => name !== "eth0" && !name.startsWith("vj-"));
  const port = interfaces.at(-1)?.name ?? "";
  return isInside ? { netns: ns.path, tap: own ?? "eth0" } : { tap: port };
}

/** Starts a monitor. @returns when it has opened the tap; it ends with the host */
export async function openTap(lab: NatLab, request: MonitorRequest): Promise<Child> {
  const script = `${import.meta.dirname}/monitor.ts`;
  const monitor = lab.host.start(lab.host.ns, [process.execPath, script, JSON.stringify(request)]);
  await monitor.line((line) => line === "open" || line.startsWith("refused"), "monitor");
  return monitor;
}

/** Starts a monitor and configures the guest. @param ns of a guest that was there before */
export async function startGuest(
  lab: NatLab,
  attached: Attached,
  options: Partial<MonitorRequest> = {},
  ns?: Namespace,
): Promise<Guest> {
  const { host } = lab;
  const where = ns ?? (await host.compartment("guest"));
  const monitor = await openTap(lab, { ...tapOf(attached), guest: where.path, ...options });
  const { interfaces, ips = [], routes = [] } = attached.result;
  const mac = interfaces[ips[0]?.interface ?? interfaces.length - 1]?.mac ?? "";
  const script = [
    "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad",
    "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_ra",
    `ip link set eth0 address ${mac} up`,
    ...ips.map(({ address }) => `ip address add ${address} dev eth0`),
    ...routes.flatMap(({ dst, gw, priority }) => {
      const metric = priority === undefined ? "" : ` metric ${priority}`;
      return gw === undefined ? [] : [`ip route add ${dst} via ${gw} dev eth0${metric}`];
    }),
  ];
  await host.exec(where, "sh", "-ec", script.join("\n"));
  return { ns: where, monitor, mac };
}

/** As a monitor that is gone without a word. */
export async function killMonitor({ monitor }: Guest): Promise<void> {
  process.kill(monitor.pid, "SIGKILL");
  await monitor.ended;
}
