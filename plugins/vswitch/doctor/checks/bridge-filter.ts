/** br_netfilter: frames that only pass a switch are shown to the host's IP firewall as well. */
import type { Check } from "../check.ts";
import { note } from "../finding.ts";
import { sysctl } from "../patient.ts";

const keys = { 4: "bridge/bridge-nf-call-iptables", 6: "bridge/bridge-nf-call-ip6tables" } as const;

export const bridgeFilter: Check = {
  id: "bridge-filter",
  needs: ["state", "network"],
  fine: "frames within a switch pass no foreign IP firewall",
  find(patient) {
    if (patient.scene.networks.length === 0) return [];
    const on = ([4, 6] as const).filter((family) => sysctl(patient, keys[family]) === "1");
    const hooked = patient.scene.host.foreign.some(({ base }) => base?.hook === "forward");
    if (on.length === 0 || !hooked) return [];
    return [
      note("frames between containers of one network pass the host's firewall too (br_netfilter)", {
        seen: on.map((family) => `net.${keys[family].replace("/", ".")} = 1`),
        remedy:
          "Kubernetes and Docker want it so, and foreign-firewall tells what would be dropped. Where nobody does, switch it off",
        commands: on.map((family) => `sysctl -w net.${keys[family].replace("/", ".")}=0`),
      }),
    ];
  },
};
