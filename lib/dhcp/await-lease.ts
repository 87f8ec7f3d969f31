/** Running a client until it has a lease, synchronously, as ADD needs it. */
import type { Mac } from "../addr/mac.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { Outcome, Session } from "./session.ts";
import type { DhcpSocket } from "./socket.ts";

/** Of one request for a lease. */
export const defaultTimeoutMs = 10_000;

export interface Waiting<Lease> {
  /** "DHCP", "DHCPv6". */
  readonly protocol: string;
  /** Of the link and its vNIC, for errors. */
  readonly link: string;
  readonly mac: Mac;
  readonly timeoutMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether somebody else has the address already. */
  readonly isTaken?: (lease: Lease) => boolean;
  /** Tells the server that nobody uses the lease: when that cannot be found out. */
  readonly giveBack: (lease: Lease) => void;
}

/**
 * @param begin makes the first step, at that time
 * @throws {CniError} 11 `dhcp-timeout`, saying how often was asked, on which link, and who answered what
 */
export function awaitLease<Lease extends { readonly address: string }>(
  socket: DhcpSocket,
  begin: (nowMs: number) => Session<Lease>,
  waiting: Waiting<Lease>,
): Lease {
  const { now, timeoutMs } = waiting;
  const untilMs = now() + timeoutMs;
  const told: string[] = [];
  let asked = 0;
  let session = begin(now());
  for (;;) {
    const { outcome, sends } = session;
    for (const one of sends) socket.send(one);
    asked += sends.length;
    if (outcome?.kind === "bound") {
      if (!isTaken(outcome.lease, waiting)) return outcome.lease;
      told.push(`${outcome.lease.address} was lent, which somebody has already`);
      session = session.step("taken", now());
      continue;
    }
    if (outcome?.kind === "refused") told.push(sayRefusal(outcome));
    const nowMs = now();
    if (nowMs >= untilMs) throw timeout(waiting, asked, [...told, ...offerOf(session)]);
    const datagram = socket.receive(Math.max(0, Math.min(session.nextMs, untilMs) - nowMs));
    session = session.step(datagram ?? "time", now());
  }
}

function isTaken<Lease>(lease: Lease, waiting: Waiting<Lease>): boolean {
  try {
    return waiting.isTaken?.(lease) === true;
  } catch (error) {
    waiting.giveBack(lease);
    throw error;
  }
}

const offerOf = ({ offered }: Session<unknown>): readonly string[] =>
  offered === undefined ? [] : [`${offered}, then fell silent`];

function sayRefusal({ server = "a server", text }: Extract<Outcome<unknown>, { kind: "refused" }>): string {
  return `${server} refused${text === undefined ? "" : `: ${text}`}`;
}

function timeout(
  { protocol, link, mac, timeoutMs }: Pick<Waiting<never>, "protocol" | "link" | "mac" | "timeoutMs">,
  asked: number,
  told: readonly string[],
): CniError {
  const answer = told.length === 0 ? "no server answered" : [...new Set(told)].join("; ");
  const times = asked === 1 ? "once" : `${asked} times`;
  return new CniError(
    errorCode.tryAgainLater,
    `get an address by ${protocol} on ${link} (${mac}): no lease in ${timeoutMs / 1000} s, asked ${times}, ${answer}`,
    {
      reason: "dhcp-timeout",
      details:
        "is there a DHCP server on the uplink's network with addresses left, and do the switches on the way let a further MAC pass?",
    },
  );
}
