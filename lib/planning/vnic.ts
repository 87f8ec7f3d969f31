/** The vNIC of an endpoint: whose stack has its addresses, and what a virtual machine monitor opens. Pure. */
import { CniError, errorCode } from "../cni/error.ts";
import { type Owner, ownerKey } from "../model/owner.ts";
import { portName } from "../model/plan.ts";
import type { GuestDns, HostVnic, Tap, Vnic } from "../model/vnic.ts";
import type { VnicConfig } from "./vnic-keys.ts";

/** @param common what both types have. @throws {CniError} 2 for a tap that cannot have its name */
export function planVnic(
  config: VnicConfig,
  { owner, dns }: { readonly owner: Owner; readonly dns: GuestDns },
  common: Omit<HostVnic, "type" | "name">,
): Vnic {
  const vnic = { name: owner.ifname, ...common };
  if (config.type === "hostVnic") return { type: "hostVnic", ...vnic };
  return { type: "vmNic", ...vnic, tap: planTap(config, owner), dns };
}

/** The loopback's, and those that we give to other links, of this endpoint or of one that comes later. */
const taken = /^(lo$|v[jpqt]-|vs[hvw]-)/;

function planTap(config: VnicConfig, container: Owner): Tap {
  const { attach, tapName, owner, group, multiQueue, vnetHeader } = config;
  if (tapName !== undefined && taken.test(tapName)) {
    throw new CniError(
      errorCode.unsupportedField,
      `tapName ${tapName} is not supported: that name is taken`,
      {
        reason: "tap-name",
        details:
          "the loopback is lo, and links of vswitch-cni have names that begin with vj-, vp-, vq-, vt-, vsh-, vsv- or vsw-: choose another",
      },
    );
  }
  return {
    attach,
    name: tapName ?? (attach === "switch" ? portName(ownerKey(container)) : container.ifname),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    multiQueue,
    vnetHeader,
  };
}
