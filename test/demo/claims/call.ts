/** Claims about calls of the executables. */
import { errorCode } from "../../../lib/cni/error.ts";
import { decodeAddress, dumpAddresses } from "../../../lib/netlink/route/address.ts";
import { decodeLink } from "../../../lib/netlink/route/decode-link.ts";
import { dumpLinks } from "../../../lib/netlink/route/link.ts";
import type { Claim, Report } from "../report.ts";
import { ifname, type Outcome } from "../runtime.ts";
import { linkNamed, type Machine } from "../world.ts";

type Effect = Pick<Claim, "expected" | "seen" | "shown">;

/** A call that succeeds without a word on stderr, and has its effect. @returns whether it holds */
export function claimCall(report: Report, subject: string, outcome: Outcome, effect?: Effect): boolean {
  const { ms, stderr } = outcome;
  const trouble = formatError(outcome) ?? stderr;
  const success = { expected: "success", seen: trouble || "success" };
  return report.claim({ subject, ms, ...(trouble === "" && effect !== undefined ? effect : success) });
}

/**
 * The container has the addresses that the result names, usable.
 * @param note shown behind them
 * @throws {Error} when it has not: nothing more can be told then
 */
export function claimAdd(report: Report, machine: Machine, outcome: Outcome, note = ""): void {
  const expected = outcome.result?.ips.map(({ address }) => address).join(", ") ?? "";
  const seen = outcome.result === undefined ? "" : usableAddresses(machine).join(", ");
  const shown = `${expected.replaceAll(/\/\d+/g, "")}${note && `  ${note}`}`;
  if (!claimCall(report, `ADD ${machine.name}`, outcome, { expected, seen, shown }))
    throw new Error(`${machine.name} is not attached`);
}

/** A call that leaves the compartment as empty as it was before ADD. */
export function claimGone(
  report: Report,
  [subject, shown]: readonly [subject: string, shown: string],
  outcome: Outcome,
  { name, netlink }: Machine,
): void {
  const links = netlink.request(dumpLinks()).map((reply) => decodeLink(reply).name);
  const seen = `interfaces of ${name}: ${links.join(", ")}`;
  claimCall(report, subject, outcome, { expected: `interfaces of ${name}: lo`, seen, shown });
}

/** CHECK fails and names a difference; what it says is shown. */
export function claimCheckFails(report: Report, subject: string, outcome: Outcome, difference: string): void {
  const { ms, error } = outcome;
  const named = error?.code === errorCode.drift && error.msg.includes(difference);
  const expected = `error ${errorCode.drift} that names ${difference}`;
  const seen = named ? expected : (formatError(outcome) ?? "success");
  report.claim({ subject, ms, expected, seen, shown: `error ${error?.code}` });
  if (named) report.block(error.msg.replace(/^[^:]*: /, "    ").replaceAll("; ", "\n    "));
}

function formatError({ error }: Outcome): string | undefined {
  return error === undefined ? undefined : `error ${error.code}: ${error.msg}`;
}

function usableAddresses(machine: Machine): readonly string[] {
  const { index } = linkNamed(machine, ifname);
  const all = machine.netlink.request(dumpAddresses({ index })).map(decodeAddress);
  return all.filter(({ scope, tentative }) => scope === "global" && !tentative).map(({ address }) => address);
}
