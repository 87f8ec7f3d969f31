/** The ways out of a host. Pure. */
import type { Family, Ip } from "../../../lib/addr/ip.ts";
import { prefixFamily, prefixLength } from "../../../lib/addr/prefix.ts";
import type { Scene, SceneInterface, SceneNetwork } from "../../../lib/model/scene.ts";

export interface Uplink {
  readonly interface: SceneInterface;
  readonly family: Family;
  readonly gateway?: Ip;
}

/** RT_TABLE_MAIN of linux/rtnetlink.h. */
export const mainTable = 254;

/** By the default routes of the main table, the preferred first. */
export function uplinksOf({ host }: Scene): readonly Uplink[] {
  return host.routes
    .filter(
      ({ destination, type, table }) =>
        prefixLength(destination) === 0 && type === "unicast" && table === mainTable,
    )
    .toSorted((a, b) => a.priority - b.priority)
    .flatMap(({ destination, interface: name, gateway }) => {
      const found = host.interfaces.find((one) => one.name === name);
      if (found === undefined) return [];
      return [
        {
          interface: found,
          family: prefixFamily(destination),
          ...(gateway === undefined ? {} : { gateway }),
        },
      ];
    });
}

export function uplinkOf(scene: Scene, family: Family): Uplink | undefined {
  return uplinksOf(scene).find((uplink) => uplink.family === family);
}

/** Families in which a network has subnets. */
export function familiesOf({ switch: { gateways } }: SceneNetwork): readonly Family[] {
  return [...new Set(gateways.map(prefixFamily))].toSorted();
}
