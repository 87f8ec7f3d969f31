/** The Linux back end on a fake kernel whose uplink leads to a LAN. */
import { type Ip, ip } from "../../../lib/addr/ip.ts";
import { type Mac, mac } from "../../../lib/addr/mac.ts";
import { linuxBackend } from "../../../lib/linux/backend.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { AnyExternalSwitch } from "../../../lib/model/switch.ts";
import { type FakeHost, fakeKernel } from "../../fake/kernel.ts";
import { type TransparentCase, transparentPlan } from "../../plugins/transparent/fixture.ts";

/** Who is on the LAN beside the host. */
export const router = { mac: mac("02:00:00:00:00:fe"), ip4: ip("192.0.2.2"), ip6: ip("2001:db8::2") };

/** A host on a LAN, with attaching and detaching in one call each. */
export function lanLab(options: FakeHost = {}) {
  const lan = new Map<Ip, Mac>([
    [router.ip4, router.mac],
    [router.ip6, router.mac],
  ]);
  const kernel = fakeKernel({ lan, ...options });
  const backend = linuxBackend(undefined, kernel);
  const within = <T>(plan: Plan, act: (compartment: ReturnType<typeof backend.holdCompartment>) => T): T => {
    const compartment = backend.holdCompartment(plan.compartment.path);
    try {
      return act(compartment);
    } finally {
      compartment.close();
    }
  };
  return {
    kernel,
    backend,
    /** Plans one attachment; its compartment is made when it is not there. */
    plan(one: TransparentCase): Plan<AnyExternalSwitch> {
      const plan = transparentPlan(one);
      if (!kernel.hasCompartment(plan.compartment.path)) kernel.addCompartment(plan.compartment.path);
      return plan;
    },
    apply: (plan: Plan) =>
      within(plan, (compartment) =>
        backend.apply(
          plan,
          compartment,
          (fn) => fn(),
          () => [],
        ),
      ),
    configure: (plan: Plan) => within(plan, (compartment) => backend.configure(plan, compartment)),
  };
}
export type LanLab = ReturnType<typeof lanLab>;
