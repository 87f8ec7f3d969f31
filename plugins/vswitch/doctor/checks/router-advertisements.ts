/** A host that forwards IPv6 ignores router advertisements unless told otherwise, and loses its default route. */
import type { Check } from "../check.ts";
import { warning } from "../finding.ts";
import { type Patient, sysctl } from "../patient.ts";

export const routerAdvertisements: Check = {
  id: "router-advertisements",
  needs: ["network"],
  fine: "no default route is about to expire because the host forwards",
  find(patient) {
    if (!patient.scene.host.forwarding[6]) return [];
    const ignoring = advertised(patient).filter(
      // 0: somebody in user space handles the advertisements. 2: the kernel heeds them though it forwards.
      (name) => sysctl(patient, `ipv6/conf/${name}/accept_ra`) === "1",
    );
    return ignoring.map((name) =>
      warning(`the IPv6 default route of ${name} will expire`, {
        seen: [`it comes from router advertisements, which accept_ra = 1 ignores on a host that forwards`],
        remedy: "let the kernel heed them though it forwards",
        commands: [`sysctl -w net/ipv6/conf/${name}/accept_ra=2`],
      }),
    );
  },
};

/** linux/ipv6_route.h. */
const RTF_DEFAULT = 0x00010000;
const RTF_ADDRCONF = 0x00040000;

/** Interfaces whose default route comes from router advertisements, by /proc/net/ipv6_route. */
function advertised({ files }: Patient): readonly string[] {
  const lines = (files.text("/proc/net/ipv6_route") ?? "")
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const wanted = RTF_DEFAULT | RTF_ADDRCONF;
  const found = lines.flatMap((fields) => {
    const [flags, name] = [Number.parseInt(fields[8] ?? "0", 16), fields[9]];
    return name !== undefined && (flags & wanted) === wanted ? [name] : [];
  });
  return [...new Set(found)];
}
