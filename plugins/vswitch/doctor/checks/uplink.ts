/** A way out of the host, for each family that a network has. */
import type { Check } from "../check.ts";
import { note, warning } from "../finding.ts";
import { familiesOf, uplinkOf } from "../uplinks.ts";

export const uplink: Check = {
  id: "uplink",
  needs: ["state", "network"],
  fine: "there is a way out of the host for each network",
  find: ({ scene }) =>
    ([4, 6] as const).flatMap((family) => {
      const concerned = scene.networks.filter((network) => familiesOf(network).includes(family));
      if (concerned.length === 0) return [];
      const names = concerned.map(({ name }) => name).join(", ");
      const found = uplinkOf(scene, family);
      if (found === undefined) {
        return [
          note(`the host has no IPv${family} default route: from ${names} one reaches what is near only`, {
            seen: [`no unicast route to ${family === 4 ? "0.0.0.0/0" : "::/0"} in the main table`],
            remedy: `where the host should reach the internet by IPv${family}, give it a default route`,
          }),
        ];
      }
      if (found.interface.up) return [];
      return [
        warning(`the uplink ${found.interface.name} is down`, {
          remedy: "switch it on",
          commands: [`ip link set dev ${found.interface.name} up`],
        }),
      ];
    }),
};
