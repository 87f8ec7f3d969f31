/** Each router takes a hop away. Has nothing to say of a packet with enough of them. */
import { rangeCell } from "../consulted.ts";
import { hostPlace, kernel } from "../find.ts";
import { drop, ipLayer, type Opening, pass, skip } from "../layer.ts";
import { consult, rewrite } from "../walk.ts";

/** net.ipv4.ip_default_ttl */
const usual = 64;

export const hostTtl = ipLayer((walk) => {
  const { ttl } = walk.packet;
  const asked = consult(walk, { ttl: rangeCell(ttl ?? usual, [{ last: 1 }]) });
  if (ttl === undefined) return skip(asked);
  const opening: Opening = {
    id: "host.ttl",
    where: hostPlace,
    object: "hops left",
    key: `${ttl}`,
    writer: kernel,
  };
  if (ttl > 1) return pass(rewrite(asked, { ttl: ttl - 1 }), opening, `${ttl - 1}`, "rewrite");
  return drop(asked, opening, "none", {
    reason: "ttl",
    by: "the host is a router, and the packet has no hop left for it",
    remedy: "The sender must start with more hops; the usual number is 64.",
  });
});
