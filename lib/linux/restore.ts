/** Putting back what the table held of attachments that are there, after somebody deleted it (`nft flush ruleset`). */
import type { Plan } from "../model/plan.ts";
import { endpointElements, switchElements } from "./compile/elements.ts";
import type { LayoutElement } from "./layout/element.ts";
import { encodeAdd, encodeGet, findElement } from "./layout/element-requests.ts";
import { encodePortAcls } from "./layout/port-acl-requests.ts";
import { linkOf } from "./link-of.ts";
import type { Readers } from "./machine.ts";
import { markedKey } from "./mark.ts";
import { compareAcls } from "./port-acls.ts";

/** @param plans of attachments as they were made; those whose port is gone are passed over */
export function restoreElements(
  { host, rules }: Pick<Readers, "host" | "rules">,
  plans: readonly Plan[],
): void {
  const alive = plans.filter((plan) => markedKey(linkOf(host, plan.port.name)?.alias) === plan.key);
  const wanted = new Map<string, LayoutElement>();
  for (const plan of alive)
    for (const element of [...switchElements(plan.switch), ...endpointElements(plan)])
      wanted.set(`${element.set} ${element.key.join(" ")}`, element);
  const elements = [...wanted.values()];
  const found = rules.requests(elements.map(encodeGet));
  const lacking = elements.filter((element, i) => findElement(element, found[i]) === undefined);
  const acls = alive.map((plan) => compareAcls(rules, plan));
  const anew = encodePortAcls(
    acls.flatMap(({ missing }) => missing),
    acls.flatMap(({ there }) => there),
  );
  rules.transaction([...anew, ...encodeAdd(lacking)]);
}
