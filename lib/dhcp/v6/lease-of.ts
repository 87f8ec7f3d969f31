/** What a server's answer lends, or refuses (RFC 8415 18.2.10). */
import { makeDns } from "../../cni/dns.ts";
import { forever } from "../lease.ts";
import type { Lease6 } from "./lease.ts";
import type { Association, Options6 } from "./options.ts";

type Answer6 =
  | { readonly kind: "lease"; readonly lease: Lease6 }
  | { readonly kind: "refusal"; readonly code: number; readonly text: string }
  | { readonly kind: "nothing" };

const INFINITE = 0xffff_ffff;

/** @param askedMs when it was asked: lifetimes count from there */
export function answerOf(options: Options6, iaid: number, askedMs: number): Answer6 {
  const { associations = [], serverId, status, dns = [], search = [] } = options;
  if (status !== undefined && status.code !== 0) return { kind: "refusal", ...status };
  const ours = associations.find((one) => one.iaid === iaid);
  if (ours === undefined || serverId === undefined) return { kind: "nothing" };
  if (ours.status !== undefined && ours.status.code !== 0) return { kind: "refusal", ...ours.status };
  const found = ours.addresses.find(({ validSeconds, preferredSeconds }) => {
    return validSeconds > 0 && preferredSeconds <= validSeconds;
  });
  if (found === undefined) {
    const [first] = ours.addresses;
    // A lifetime of zero takes the address back.
    return first === undefined
      ? { kind: "nothing" }
      : { kind: "refusal", code: 0, text: first.status?.text ?? "" };
  }
  const { address, preferredSeconds, validSeconds } = found;
  return {
    kind: "lease",
    lease: {
      address,
      dns: makeDns({ nameservers: dns, search, options: [] }),
      server: Array.from(serverId, (byte) => byte.toString(16).padStart(2, "0")).join(""),
      obtainedMs: askedMs,
      ...times(ours, preferredSeconds, validSeconds, askedMs),
    },
  };
}

/** RFC 8415 14.2 and 21.4: zero leaves T1 and T2 to the client. */
function times(
  { t1Seconds, t2Seconds }: Association,
  preferredSeconds: number,
  validSeconds: number,
  askedMs: number,
): Pick<Lease6, "renewMs" | "rebindMs" | "preferredMs" | "expiresMs"> {
  const at = (seconds: number): number =>
    seconds >= INFINITE ? forever : askedMs + Math.round(seconds * 1000);
  const basis = preferredSeconds === 0 ? validSeconds : preferredSeconds;
  const share = (part: number): number => (basis === INFINITE ? INFINITE : basis * part);
  const t1 = t1Seconds > 0 && t1Seconds <= validSeconds ? t1Seconds : share(0.5);
  const t2 = t2Seconds >= t1 && t2Seconds <= validSeconds ? t2Seconds : Math.max(t1, share(0.8));
  return {
    renewMs: at(t1),
    rebindMs: at(t2),
    preferredMs: at(preferredSeconds),
    expiresMs: at(validSeconds),
  };
}
