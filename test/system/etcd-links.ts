/** Links between members of etcd that each have a namespace of their own. */
import { execIn } from "./command.ts";
import type { Namespace } from "./namespaces.ts";

export type Cable = "clients" | "peers";

const subnets: Readonly<Record<Cable, string>> = { clients: "10.99.1", peers: "10.99.2" };

/** Of a member's end. */
export const memberAddress = (cable: Cable, member: number): string => `${subnets[cable]}.${member + 1}`;

/** Two switches in the middle, each named for its cables: one with an address for the clients, one for the peers alone. */
export async function connectMembers(hub: Namespace, members: readonly Namespace[]): Promise<void> {
  const cables = Object.keys(subnets) as readonly Cable[];
  await batch(hub, [
    ...cables.flatMap((cable) => [
      `link add ${cable} type bridge`,
      `link set ${cable} up`,
      ...members.map(
        (member, i) => `link add ${cable}${i} type veth peer name ${cable} netns ${member.name}`,
      ),
      ...members.map((_, i) => `link set ${cable}${i} master ${cable} up`),
    ]),
    `address add ${subnets.clients}.254/24 dev clients`,
  ]);
  const ownEnds = (i: number) =>
    cables.flatMap((cable) => [
      `address add ${memberAddress(cable, i)}/24 dev ${cable}`,
      `link set ${cable} up`,
    ]);
  await Promise.all(members.map((member, i) => batch(member, ownEnds(i))));
}

async function batch(ns: Namespace, lines: readonly string[]): Promise<void> {
  await execIn(ns, ["ip", "-batch", "-"], { input: lines.join("\n") });
}
