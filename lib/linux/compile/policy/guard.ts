/** Guard to elements of the bridge table. Pure. */
import { ipFamily } from "../../../addr/ip.ts";
import type { Plan } from "../../../model/plan.ts";
import type { Guard, GuardAllowance } from "../../../policy/guard.ts";
import type { LayoutElement } from "../../layout/element.ts";
import type { LayoutSetName } from "../../layout/sets.ts";

const allowances: Readonly<Record<GuardAllowance, LayoutSetName>> = {
  "dhcp-server": "dhcp_servers",
  router: "routers",
};

export function guardElements(guards: readonly Guard[], { port }: Plan): readonly LayoutElement[] {
  const { name, aclDefault } = port;
  const next = aclDefault === undefined ? "guard_service" : "guard_judged";
  return guards.flatMap(({ mac, addresses, allow }): LayoutElement[] => [
    { set: "dropped_spoofed", key: [name] },
    { set: "dropped_service", key: [name] },
    ...allow.map((one): LayoutElement => ({ set: allowances[one], key: [name] })),
    ...addresses.flatMap((address): LayoutElement[] => {
      const key = [name, mac, address];
      const family = ipFamily(address);
      return [
        { set: `guard${family}`, key },
        { set: `senders${family}`, key, data: [`goto ${next}${family}`] },
      ];
    }),
    { set: "guard_macs", key: [name, mac] },
    { set: "guarded", key: [name] },
  ]);
}
