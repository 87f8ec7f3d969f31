/** Source addresses as the packet leaves the host's routing: hairpin, OutBoundNAT, masquerading. */
import { addressCell } from "../consulted.ts";
import { hostPlace } from "../find.ts";
import { formatFlow } from "../format-flow.ts";
import { loopbacks, multicast } from "../groups.ts";
import { drop, ipLayer, type Opening, type Passage, pass, skip } from "../layer.ts";
import { hostSource } from "../source.ts";
import { askTracked, isTracked } from "../tracked.ts";
import { translationOf, translationPrefixes } from "../translation.ts";
import { consult, type IpWalk, rewrite } from "../walk.ts";

export const hostNatPostrouting = ipLayer((walk) => {
  const { scene, packet } = walk;
  const { source, destination } = packet;
  const known = translationPrefixes(scene);
  if (known.source.length === 0) return skip(walk);
  const asked = consult(askTracked(walk), {
    source: addressCell(source, [...known.source, ...loopbacks]),
    destination: addressCell(destination, [...known.destination, ...multicast]),
  });
  const found = translationOf(walk);
  if (found === undefined || !isTracked(walk)) return skip(asked);
  const opening: Opening = {
    id: "host.nat.postrouting",
    where: hostPlace,
    object: "source addresses",
    key: formatFlow(packet),
    writer: found.writer,
  };
  if (found.to === "keep") return pass(asked, opening, found.text);
  if (found.to === "masquerade") return masquerade(asked, opening, found.text);
  return pass(rewrite(asked, { source: found.to }), opening, found.text, "rewrite");
});

function masquerade(walk: IpWalk, opening: Opening, text: string): Passage {
  const { scene, packet, out = "", nextHop } = walk;
  const { destination } = packet;
  const choice = hostSource(scene, out, destination, nextHop ?? destination);
  const asked = consult(walk, { destination: choice.cell });
  if (choice.source !== undefined)
    return pass(rewrite(asked, { source: choice.source }), opening, text, "rewrite");
  return drop(asked, opening, text, {
    reason: "no-address",
    by: `${out} has no address to masquerade with`,
    remedy: `Give ${out} an address of the family, or the network's containers addresses that need no translation.`,
  });
}
