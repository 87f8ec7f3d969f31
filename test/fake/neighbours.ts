/** Neighbours of the fake kernel: who answers on the wire, by whose MAC. */
import type { Ip } from "../../lib/addr/ip.ts";
import type { Mac } from "../../lib/addr/mac.ts";
import { prefixAddress } from "../../lib/addr/prefix.ts";
import { NLM_F_EXCL, type Reply, type Request } from "../../lib/netlink/message.ts";
import { AF_BRIDGE } from "../../lib/netlink/route/family.ts";
import { addNeighbour, decodeNeighbour } from "../../lib/netlink/route/neighbour.ts";
import { answerFdb, answerPermanent } from "./remote.ts";
import { type FakeLink, Refusal, type Stack } from "./stack.ts";
import { uppersOf } from "./sublink.ts";

const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
export const neighbourTypes: readonly number[] = [28, 29, 30];

export function answerNeighbour(request: Request, stack: Stack): readonly Reply[] {
  if (request.payload[0] === AF_BRIDGE) return answerFdb(request, stack);
  const permanent = answerPermanent(request, stack);
  if (permanent !== undefined) return permanent;
  const { index, address, mac } = decodeNeighbour({ ...request, flags: 0 });
  const link = stack.links.get(index);
  if (link === undefined) throw new Refusal("ENODEV");
  link.neighbours ??= new Map();
  const { neighbours } = link;
  if (request.type === RTM_NEWNEIGH) {
    if (neighbours.has(address) && request.flags & NLM_F_EXCL) throw new Refusal("EEXIST");
    neighbours.set(address, mac ?? (link.up ? holderOf(link, address) : undefined));
    return [];
  }
  if (!neighbours.has(address)) throw new Refusal("ENOENT");
  if (request.type === RTM_DELNEIGH) {
    neighbours.delete(address);
    return [];
  }
  const known = neighbours.get(address);
  const entry =
    known === undefined ? { mac: nobody, state: "incomplete" } : { mac: known, state: "reachable" };
  const { payload } = addNeighbour({ index, address, ...entry } as Parameters<typeof addNeighbour>[0]);
  return [{ type: RTM_NEWNEIGH, flags: 0, payload }];
}

const nobody = "00:00:00:00:00:00" as Mac;

/** Other links on the same lower one, the lower one itself, or a machine beyond it. */
function holderOf(link: FakeLink, address: Ip): Mac | undefined {
  const { lower } = link;
  if (lower === undefined) return undefined;
  const here = [lower, ...uppersOf(lower)].find(
    (other) => other !== link && other.up && other.addresses.some((own) => prefixAddress(own) === address),
  );
  return (here?.mac as Mac | undefined) ?? lower.beyond?.get(address);
}
