/** What the kernel cannot do of what networks and policies need. */
import {
  type Feature,
  type OverlayFeature,
  overlayFeatures,
  type SwitchFeature,
  switchFeatures,
} from "../../../../lib/model/probe.ts";
import type { Scene } from "../../../../lib/model/scene.ts";
import { isExternal, isOverlay, type OverlaySwitch, type Switch } from "../../../../lib/model/switch.ts";
import { isVmPlan } from "../../../../lib/model/vm-nic.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, note, warning } from "../finding.ts";

export const kernelFeatures: Check = {
  id: "kernel-features",
  needs: ["kernel"],
  fine: "the kernel has all that networks and policies need",
  find: ({ probe, scene }) => probe.features.flatMap((feature) => complaintOf(feature, scene)),
};

function complaintOf({ name, neededFor, modules, refusal }: Feature, scene: Scene): readonly Complaint[] {
  if (refusal === undefined) return [];
  const external = scene.networks.filter((network) => isExternal(network.switch));
  // Who has no transparent network misses nothing.
  if (isOfSwitch(neededFor) && external.length === 0) return [];
  const across = scene.networks.filter(({ switch: one }) => isOverlay(one) && needsOverlay(one, neededFor));
  if (isOfOverlay(neededFor) && across.length === 0) return [];
  const rest = {
    seen: [refusal],
    remedy: `${modules.length === 0 ? "take a newer kernel" : `load the kernel's modules ${modules.join(", ")}`}; where there are none, take a kernel that has them (Debian: linux-image-amd64 in place of a cloud or minimal kernel)`,
    commands: modules.map((module) => `modprobe ${module}`),
  };
  if (isOfOverlay(neededFor))
    return [
      error(
        `the kernel has no ${name}: nothing can be attached to ${across.map((one) => one.name).join(", ")}`,
        rest,
      ),
    ];
  if (neededFor === "vnic vmNic")
    return scene.endpoints.some(isVmPlan)
      ? [error(`the kernel has no ${name}: no virtual machine can be attached`, rest)]
      : [note(`the kernel has no ${name}: no network can have "vnic": "vmNic"`, rest)];
  if (isOfSwitch(neededFor)) {
    const users = external.filter((network) => needs(network.switch, neededFor)).map((one) => one.name);
    const setting = neededFor === "vlan" ? `"vlan"` : `"switch": "${neededFor.slice("switch ".length)}"`;
    return users.length > 0
      ? [error(`the kernel has no ${name}: nothing can be attached to ${users.join(", ")}`, rest)]
      : [note(`the kernel has no ${name}: a transparent network cannot have ${setting}`, rest)];
  }
  return neededFor === "every network"
    ? [error(`the kernel has no ${name}: no network can be attached to`, rest)]
    : [warning(`the kernel has no ${name}: attachments with a ${neededFor} policy fail`, rest)];
}

const isOfSwitch = (neededFor: Feature["neededFor"]): neededFor is SwitchFeature =>
  (switchFeatures as readonly string[]).includes(neededFor);

const isOfOverlay = (neededFor: Feature["neededFor"]): neededFor is OverlayFeature =>
  (overlayFeatures as readonly string[]).includes(neededFor);

const needsOverlay = ({ mode }: OverlaySwitch, neededFor: Feature["neededFor"]): boolean =>
  neededFor === "network overlay" || (neededFor === "mode routed" && mode === "routed");

/** Whether a switch is made by the feature. */
function needs(vswitch: Switch, feature: SwitchFeature): boolean {
  if (feature === "vlan") return isExternal(vswitch) && vswitch.vlan !== undefined;
  return feature === `switch ${vswitch.kind}`;
}
