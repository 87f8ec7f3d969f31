/** Whether somebody can be reached, without waiting for what never comes: a drop is seen by its counter. */
import { expect } from "vitest";
import type { Child } from "./child.ts";
import type { Namespace } from "./namespaces.ts";
import type { Attached, NatLab } from "./nat-lab.ts";
import { counted, portOf, switchOf } from "./siege.ts";

/** Where nobody listens, the refusal of TCP and of UDP shows that request and answer pass. */
export interface Knock {
  readonly from: Namespace;
  readonly protocol: "tcp" | "udp" | "ping";
  readonly to: string;
  /** Not of a ping. */
  readonly port?: number;
  /** Default: any. */
  readonly sourcePort?: number;
}

/** The counting set of nft, and the attachment about whose port or switch it is. */
export interface DropSite {
  readonly set: "dropped_acl_out" | "dropped_acl_in" | "dropped_spoofed" | "dropped_between";
  readonly of: Attached;
}

/** Every refusal is told, however many there are. */
export async function answerAll({ host }: NatLab, ...all: readonly Namespace[]): Promise<void> {
  const script = "sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0";
  for (const ns of all) await host.exec(ns, "sh", "-ec", script);
}

/** @throws unless there is an answer: of a ping, or that nobody listens */
export async function passes(lab: NatLab, knock: Knock): Promise<void> {
  await using child = start(lab, knock);
  await child.line(isAnswer, title(knock), 5_000);
}

/** @throws unless the knock is counted as dropped there, and nothing is heard of it */
export async function isDropped(lab: NatLab, knock: Knock, { set, of }: DropSite): Promise<void> {
  const count = () =>
    set === "dropped_between"
      ? counted(lab, ["inet", set], switchOf(of))
      : counted(lab, ["bridge", set], portOf(of));
  const before = await count();
  await using child = start(lab, knock);
  await expect.poll(count, { message: `${title(knock)} in ${set}`, timeout: 5_000 }).toBeGreaterThan(before);
  expect(child.lines.filter(isAnswer), title(knock)).toEqual([]);
}

const isAnswer = (line: string): boolean => /refused|bytes from/i.test(line);

const title = ({ protocol, to, port }: Knock): string =>
  `${protocol} to ${to}${port === undefined ? "" : ` port ${port}`}`;

function start({ host }: NatLab, { from, protocol, to, port, sourcePort }: Knock): Child {
  const six = to.includes(":");
  if (protocol === "ping") return host.start(from, ["busybox", "ping", six ? "-6" : "-4", "-c", "1", to]);
  const target = `${protocol.toUpperCase()}${six ? "6" : "4"}:${six ? `[${to}]` : to}:${port}`;
  const options = sourcePort === undefined ? "" : `,sourceport=${sourcePort},reuseaddr`;
  return host.start(from, ["sh", "-c", `exec socat -t 30 - ${target}${options} <<.\nknock\n.`]);
}
