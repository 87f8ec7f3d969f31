/** Claims that acts of every kind make. */
import { decodeAddress, dumpAddresses } from "../../lib/netlink/route/address.ts";
import { decodeLink } from "../../lib/netlink/route/decode-link.ts";
import { dumpLinks } from "../../lib/netlink/route/link.ts";
import { difference, type Inventory, sections } from "./inventory.ts";
import { processesIn, programFolders, programs } from "./programs.ts";
import type { Claim, Report } from "./report.ts";
import { ifname, type Outcome, type Runtime } from "./runtime.ts";
import { ask, type Target } from "./talk.ts";
import { linkNamed, type Machine, type World } from "./world.ts";

type Effect = Pick<Claim, "detail" | "expected" | "seen" | "shown">;

/** A call that succeeds without a word on stderr, and has its effect. */
export function claimCall(report: Report, subject: string, outcome: Outcome, effect: Effect): boolean {
  const { ms, error, stderr } = outcome;
  const refusal = error === undefined ? stderr : `error ${error.code}: ${error.msg}`;
  return report.claim({ subject, ms, ...(refusal === "" ? effect : { expected: "success", seen: refusal }) });
}

/** @throws {Error} when the container is not attached: nothing more can be told then */
export function claimAdd(report: Report, machine: Machine, outcome: Outcome, shown = ""): void {
  const expected = outcome.result?.ips.map(({ address }) => address).join(", ") ?? "";
  const seen = outcome.error === undefined ? addressesOf(machine).join(", ") : "";
  const words = expected.replaceAll(/\/\d+/g, "") + shown;
  if (!claimCall(report, `ADD ${machine.name}`, outcome, { expected, seen, shown: words }))
    throw new Error(`${machine.name} is not attached`);
}

/** Afterwards the compartment is as empty as before ADD. */
export function claimGone(
  report: Report,
  subject: string,
  outcome: Outcome,
  machine: Machine,
  shown: string,
): void {
  const links = machine.netlink.request(dumpLinks()).map(decodeLink);
  const seen = `interfaces of ${machine.name}: ${links.map(({ name }) => name).join(", ")}`;
  claimCall(report, subject, outcome, { expected: `interfaces of ${machine.name}: lo`, seen, shown });
}

function addressesOf(machine: Machine): readonly string[] {
  const { index } = linkNamed(machine, ifname);
  const all = machine.netlink.request(dumpAddresses({ index })).map(decodeAddress);
  // A tentative address is not usable yet: it would make the claim false.
  return all.filter(({ scope, tentative }) => scope === "global" && !tentative).map(({ address }) => address);
}

export interface Question {
  readonly subject: string;
  readonly from: Machine;
  /** Name of the server that answers; "nobody" when the port is closed. */
  readonly to: string;
  readonly protocol: Target["protocol"];
  readonly port: number;
  /** Where it is asked, one after the other, and whom the server sees then. */
  readonly at: readonly { readonly address: string; readonly sees: string }[];
}

export async function claimAnswers(
  report: Report,
  { subject, from, to, protocol, port, at }: Question,
): Promise<void> {
  const answers: string[] = [];
  for (const { address } of at) answers.push(await ask(from, { protocol, address, port }));
  const join = (texts: readonly string[]) => texts.join(", ").replaceAll(`, ${to} sees `, ", ");
  report.claim({
    subject,
    detail: `${at.map(({ address }) => address).join(", ")}  ${protocol} ${port}`,
    expected: join(at.map(({ sees }) => (to === "nobody" ? "refused" : `${to} sees ${sees}`))),
    seen: join(answers),
  });
}

/** The host is as it was, and of settings only those differ that are kept on purpose. */
export function claimNothingLeft(report: Report, before: Inventory, after: Inventory, kept: RegExp): void {
  for (const section of sections) {
    const changes = difference(before[section], after[section]).filter((line) => !kept.test(line));
    const detail = `${before[section].length} then, ${after[section].length} now`;
    report.claim({ subject: section, detail, expected: "the same", seen: changes.join("\n") || "the same" });
  }
}

/** @param machines of the act, beside the host */
export function claimNothingStarted(
  report: Report,
  world: World,
  runtime: Runtime,
  machines: readonly Machine[],
): void {
  const found = programs();
  const folders = programFolders().join(" ");
  report.line("processes started", `${runtime.calls}`, "by the runtime, one per call");
  report.claim({
    subject: "programs within reach",
    detail: "no PATH, and none anywhere",
    expected: "none",
    seen: found.join(", ") || "none",
    shown: `${folders}: empty`,
  });
  const running = processesIn([world.host, world.beyond, ...machines]);
  report.claim({
    subject: "processes still running",
    detail: "in these namespaces",
    expected: `${process.pid}`,
    seen: running.join(", "),
    shown: "this demo alone",
  });
}

/** CHECK fails and names a difference. */
export function claimCheckFails(
  report: Report,
  subject: string,
  { ms, error }: Outcome,
  difference: string,
): void {
  const seen = error === undefined ? "success" : `error ${error.code}: ${error.msg}`;
  const expected = `error 109 that names "${difference}"`;
  const named = error?.code === 109 && error.msg.includes(difference);
  report.claim({ subject, ms, expected, seen: named ? expected : seen, shown: "error 109:" });
  if (named) report.block(error.msg.replace(/^[^:]*: /, "    ").replaceAll("; ", "\n    "));
}
