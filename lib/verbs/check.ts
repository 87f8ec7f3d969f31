/** CHECK: the plan of ADD against the facts, with what later plugins of the chain changed on purpose. */
import { CniError, errorCode } from "../cni/error.ts";
import type { CheckRequest } from "../cni/request.ts";
import type { Result } from "../cni/result.ts";
import type { Difference } from "../model/compare.ts";
import { diff } from "../model/diff.ts";
import { formatOwner } from "../model/owner.ts";
import type { Plan } from "../model/plan.ts";
import { isOverlay } from "../model/switch.ts";
import type { EndpointRow } from "../state/rows.ts";
import type { Store } from "../state/store.ts";
import { addressSource } from "./address-source.ts";
import { dataDirOf, ownerOf } from "./attachment.ts";
import type { Context } from "./context.ts";
import type { NetworkTraits } from "./network-plugin.ts";
import type { NetworkSpec } from "./network-spec.ts";
import { remotesOf } from "./reach-peers.ts";

/** @throws {CniError} 3 unknown attachment, 109 with every difference */
export function check(request: CheckRequest, context: Context, traits: NetworkTraits): void {
  const { key, ...owner } = ownerOf(request);
  const store = context.openStore(dataDirOf(request.config, context.env));
  try {
    const row = store.endpoints.get(key);
    if (row === undefined || row.plan === null || row.phase === "adding") {
      throw new CniError(errorCode.unknownContainer, `check ${formatOwner(owner)}: no such attachment`, {
        reason: "unknown-attachment",
        details: whyUnknown(row),
      });
    }
    const plan = afterChain({ ...row.plan, compartment: { path: request.netns } }, request.prevResult);
    const differences = [
      ...diff(plan, context.backend.observe(plan)),
      ...lost(plan, request.prevResult),
      ...unreached(plan, store, context),
    ];
    if (differences.length > 0) throw drift(plan, differences);
    const spec = store.networks.get(owner.network)?.spec as NetworkSpec | undefined;
    addressSource(request, store, context, traits).check(request, spec?.automatic);
  } finally {
    store.close();
  }
}

/**
 * Of an overlay network: what is not as its other hosts were last known. They come and go while containers stay, and
 * what the network is with them, so that the plan of ADD tells less than the network's own row.
 */
function unreached(
  { owner, switch: planned }: Plan,
  store: Store,
  { backend }: Context,
): readonly Difference[] {
  if (!isOverlay(planned)) return [];
  const spec = store.networks.get(owner.network)?.spec as NetworkSpec | undefined;
  const vswitch = spec !== undefined && isOverlay(spec.switch) ? spec.switch : planned;
  return backend.comparePeers(vswitch, remotesOf(vswitch, store)) ?? [];
}

function whyUnknown(row: EndpointRow | undefined): string {
  if (row === undefined) return "it was never added, or was deleted";
  if (row.phase === "adding") return "its ADD did not come to its end";
  return "the state was lost and rebuilt from the kernel, which does not tell what was planned; restart the container";
}

/** CNI 1.1 CHECK: prevResult is what the chain left, so a MAC or MTU that a later plugin set is right. */
export function afterChain(plan: Plan, prevResult: Result): Plan {
  const final = prevResult.interfaces.find(
    (link) => link.name === plan.vnic.name && link.sandbox !== undefined,
  );
  const { mac = plan.vnic.mac, mtu = plan.vnic.mtu } = final ?? {};
  const { routes, addresses } = plan.vnic;
  const kept = routes.filter((route) =>
    prevResult.routes.some(
      (other) => other.dst === route.destination && (other.gw === undefined || other.gw === route.gateway),
    ),
  );
  return { ...plan, vnic: { ...plan.vnic, mac, mtu, addresses, routes: kept } };
}

/** Addresses that prevResult says are on our interface but that we never put there. */
function lost(plan: Plan, prevResult: Result): readonly Difference[] {
  const ours = prevResult.interfaces.findIndex(
    (link) => link.name === plan.vnic.name && link.sandbox !== undefined,
  );
  return prevResult.ips
    .filter(
      (entry) =>
        ours >= 0 &&
        entry.interface === ours &&
        ![...plan.vnic.addresses, ...(plan.vnic.autoconf ?? [])].includes(entry.address),
    )
    .map(({ address }) => ({
      what: `address ${address} in prevResult`,
      expected: plan.vnic.addresses.join(", "),
      found: address,
    }));
}

function drift(plan: Plan, differences: readonly Difference[]): CniError {
  const text = differences.map(
    ({ what, expected, found }) => `${what}: expected ${expected}, found ${found}`,
  );
  return new CniError(errorCode.drift, `check ${formatOwner(plan.owner)}: ${text.join("; ")}`, {
    reason: "drift",
    details:
      "something changed the attachment after ADD; vswitch repair mends it where the interface is there, else restart the container",
  });
}
