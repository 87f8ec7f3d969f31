/** Guests and their NICs, as short as a test can say them. */
import { ip } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import type { Plan } from "../../../../lib/model/plan.ts";
import { isVmPlan, type VmPlan } from "../../../../lib/model/vm-nic.ts";
import { type GuestNic, guestNic } from "../../../../plugins/vswitch/guest/guest-nic.ts";
import { type NatCase, natPlan } from "../../nat/fixture.ts";
import { externalPlan, type TransparentCase } from "../../transparent/fixture.ts";

export const natGuest = ({ config, ...rest }: NatCase): VmPlan =>
  requireVm(natPlan({ ...rest, config: { vnic: "vmNic", ...config } }));

export const lanGuest = ({ config, ...rest }: TransparentCase): VmPlan =>
  requireVm(externalPlan({ ...rest, config: { vnic: "vmNic", ...config } }));

function requireVm(plan: Plan): VmPlan {
  if (!isVmPlan(plan)) throw new Error("no vmNic");
  return plan;
}

/** The cases that each format has approved text for. */
export const guests: Readonly<Record<string, readonly VmPlan[]>> = {
  "IPv4 alone": [natGuest({ ips: ["10.88.0.5/16 10.88.0.1"] })],
  "both families, a narrow MTU, routes": [
    natGuest({
      config: { mtu: 1400, owner: 107, group: 36, multiQueue: true },
      ips: ["10.88.0.5/16 10.88.0.1", "10.88.0.6/16 10.88.0.1", "fd00::5/64 fd00::1"],
      routes: [
        { dst: prefix("0.0.0.0/0") },
        { dst: prefix("::/0") },
        { dst: prefix("10.9.0.0/16"), gw: ip("192.0.2.9"), priority: 50 },
        { dst: prefix("169.254.169.254/32"), scope: 253 },
      ],
    }),
  ],
  "no address: the guest asks a DHCP server": [lanGuest({ ips: [] })],
  "two NICs": [
    natGuest({ ips: ["10.88.0.5/16 10.88.0.1"] }),
    lanGuest({
      owner: { ifname: "eth1" },
      ips: [],
    }),
  ],
  "routed, with a link-local gateway": [
    lanGuest({
      config: { switch: "routed" },
      ips: ["192.0.2.5/24 192.0.2.254", "2001:db8::5/64 2001:db8::fe"],
    }),
  ],
  "DNS with a search list": [
    natGuest({
      ips: ["10.88.0.5/16 10.88.0.1"],
      over: {
        dns: {
          nameservers: ["10.88.0.1", "fd00::1", "192.0.2.53", "192.0.2.54"],
          domain: "lab.example",
          search: ["example", "lab.example"],
          options: ["ndots:2"],
        },
      },
    }),
  ],
};

export const nicsOf = (plans: readonly VmPlan[]): readonly GuestNic[] => plans.map(guestNic);
