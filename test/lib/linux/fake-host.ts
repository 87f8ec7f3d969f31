/** The Linux back end on the fake kernel, with attaching and detaching in one call each. */
import { linuxBackend } from "../../../lib/linux/backend.ts";
import type { Plan } from "../../../lib/model/plan.ts";
import type { InternalSwitch } from "../../../lib/model/switch.ts";
import type { Backend } from "../../../lib/seam/backend.ts";
import { type FakeHost, type FakeKernel, fakeKernel } from "../../fake/kernel.ts";
import { type NatCase, natPlan } from "../../plugins/nat/fixture.ts";

export interface Lab {
  readonly kernel: FakeKernel;
  readonly backend: Backend;
  /** Plans one attachment; its compartment is made when it is not there. */
  plan(one: NatCase): Plan<InternalSwitch>;
  /** @param others attachments that are there, whose elements are put back where the tables were lost */
  apply(plan: Plan, others?: readonly Plan[]): void;
}

/** Forwarding is on unless said otherwise, since nobody ever turns it off again. */
export function lab(options: FakeHost = {}): Lab {
  const kernel = fakeKernel({ forwarding: true, ...options });
  const backend = linuxBackend(undefined, kernel);
  const made = new Set<string>();
  return {
    kernel,
    backend,
    plan(one) {
      const path = `/run/netns/${one.owner?.containerId ?? "c1"}`;
      if (!made.has(path)) kernel.addCompartment(path);
      made.add(path);
      const compartment = backend.holdCompartment(path);
      compartment.close();
      const { defaultRoutes } = compartment;
      return natPlan({ ...one, over: { defaultRoutes, ...one.over } });
    },
    apply(plan, others = []) {
      const compartment = backend.holdCompartment(plan.compartment.path);
      try {
        backend.apply(
          plan,
          compartment,
          (fn) => fn(),
          () => others,
        );
      } finally {
        compartment.close();
      }
    },
  };
}

/** How many things are asked of the kernel. */
export function countOf({ kernel }: Lab, act: () => void): number {
  const before = kernel.log.length;
  act();
  return kernel.log.length - before;
}

/**
 * The moments at which a refusal can lead to something else, counted from 1. A transaction does everything or nothing: of
 * the hundreds of requests that make a table, the first and the last of each kind stand for all.
 */
export function momentsOf({ kernel }: Lab, act: () => void): readonly number[] {
  const before = kernel.log.length;
  act();
  const kinds = kernel.log.slice(before).map((title) => /^add (chain|map|rule|set) /.exec(title)?.[1]);
  return kinds.flatMap((kind, i) =>
    kind !== undefined && kind === kinds[i - 1] && kind === kinds[i + 1] ? [] : [i + 1],
  );
}
