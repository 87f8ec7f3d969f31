/** Elements of the tables that an endpoint lacks, or has with other data. Pure. */
import type { Plan } from "../../../model/plan.ts";
import type { LayoutElement } from "../../layout/element.ts";
import { encodeAdd, encodeDelete, encodeEnsure } from "../../layout/element-requests.ts";
import { type AclState, encodePortAcls, formatPortAcl } from "../../layout/port-acl-requests.ts";
import { isOfPort } from "../../layout/sets.ts";
import type { Step } from "../../step.ts";
import { forgetOldFlows } from "../flows.ts";
import { own } from "./own-step.ts";

export interface ElementState {
  /** Planned elements that the table lacks. */
  readonly missing: readonly LayoutElement[];
  /** Ours that stand in the place of planned ones, with other data. */
  readonly stale: readonly LayoutElement[];
  readonly acls: AclState;
}

/** First and at once: nothing shall pass the port meanwhile that its policies forbid. */
export function repairPolicies(plan: Plan, { missing, stale, acls }: ElementState): readonly Step[] {
  const title = `policies of ${plan.port.name}`;
  const anew: Step[] = acls.missing.map((acl) => ({
    ...own(`${title}: ${formatPortAcl(acl)}`),
    action: { kind: "rules", requests: encodePortAcls([acl], acls.there) },
  }));
  return [...anew, ...replaceElements(title, missing.filter(isOwn), stale.filter(isOwn))];
}

/** A published port may be somebody else's by now. */
export function repairShared(plan: Plan, { missing, stale }: ElementState): readonly Step[] {
  const shared = missing.filter((element) => !isOwn(element));
  const title = `what the host does for ${plan.vnic.name}`;
  const steps = replaceElements(
    title,
    shared,
    stale.filter((element) => !isOwn(element)),
  );
  return steps.length === 0 ? [] : [...steps, ...forgetOldFlows(plan)];
}

const isOwn = ({ set }: LayoutElement): boolean => isOfPort(set);

function replaceElements(
  title: string,
  missing: readonly LayoutElement[],
  stale: readonly LayoutElement[],
): readonly Step[] {
  if (missing.length === 0) return [];
  const add = missing.every(isOwn) ? encodeEnsure(missing) : encodeAdd(missing);
  const count = missing.length === 1 ? "1 element" : `${missing.length} elements`;
  return [
    { ...own(`${title}: ${count}`), action: { kind: "rules", requests: [...encodeDelete(stale), ...add] } },
  ];
}
