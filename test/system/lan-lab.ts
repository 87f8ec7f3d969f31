/** A host on a LAN, for networks of type transparent: its uplink leads to the machine "outside", which is on the LAN. */
import { createLab, type LabOptions, type NatLab } from "./nat-lab.ts";

/** Addresses of the LAN that our ipam may give, of both families, with the machine beyond as the router. */
export const rangesFrom = (first: number) => ({
  ranges: [
    [
      {
        subnet: "192.0.2.0/24",
        rangeStart: `192.0.2.${first}`,
        rangeEnd: `192.0.2.${first + 49}`,
        gateway: "192.0.2.2",
      },
    ],
    [
      {
        subnet: "2001:db8::/64",
        rangeStart: `2001:db8::${first}`,
        rangeEnd: `2001:db8::${first + 49}`,
        gateway: "2001:db8::2",
      },
    ],
  ],
});

export const lan = { ipam: rangesFrom(100) };

/** The same with another kind of switch, or settings of its own. */
export const lanWith = (settings: Readonly<Record<string, unknown>>) => ({ ...lan, ...settings });

/** Another network on the same LAN, with a part of its addresses that is no other's. */
export const secondLan = (settings: Readonly<Record<string, unknown>>) => ({
  name: "second",
  ipam: rangesFrom(150),
  ...settings,
});

export function createLanLab(options: Omit<LabOptions, "type"> = {}): Promise<NatLab> {
  return createLab({ type: "transparent", config: lan, ...options });
}
