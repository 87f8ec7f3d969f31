/** What the kernel cannot do of what networks and policies need. */
import type { Feature } from "../../../../lib/model/probe.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, warning } from "../finding.ts";

export const kernelFeatures: Check = {
  id: "kernel-features",
  needs: ["kernel"],
  fine: "the kernel has all that networks and policies need",
  find: ({ probe }) => probe.features.flatMap(complaintOf),
};

function complaintOf({ name, neededFor, modules, refusal }: Feature): readonly Complaint[] {
  if (refusal === undefined) return [];
  const rest = {
    seen: [refusal],
    remedy: `load the kernel's modules ${modules.join(", ")}; where there are none, take a kernel that has them (Debian: linux-image-amd64 in place of a cloud or minimal kernel)`,
    commands: modules.map((module) => `modprobe ${module}`),
  };
  return neededFor === "every network"
    ? [error(`the kernel has no ${name}: no network can be attached to`, rest)]
    : [warning(`the kernel has no ${name}: attachments with a ${neededFor} policy fail`, rest)];
}
