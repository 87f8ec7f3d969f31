/** Who has which prefixes, where several say so: the one who came first. */
import { compareSpans, isWithin, type Span } from "./span.ts";

export interface Claim {
  readonly span: Span;
  readonly owner: string;
}

export interface Settled<C extends Claim> {
  /** In the order of their addresses. No two of different owners overlap. */
  readonly accepted: readonly C[];
  /** Each with one that is in its way. */
  readonly refused: readonly (readonly [C, C])[];
}

interface Node<C> {
  readonly claim: C;
  /** The next larger claim that holds this one: prefixes are apart from each other, or one in the other. */
  readonly above: Node<C> | undefined;
  accepted: boolean;
  /** Accepted claims within this one: one, and one of another owner than that. */
  one?: C;
  another?: C;
}

/** @param claims whose are stronger first */
export function settleClaims<C extends Claim>(claims: readonly C[]): Settled<C> {
  const nodes = nest(claims);
  const refused: (readonly [C, C])[] = [];
  for (const claim of claims) {
    const node = nodes.get(claim);
    const rival = node && rivalOf(node);
    if (rival !== undefined) refused.push([claim, rival]);
    else if (node !== undefined) accept(node);
  }
  return { accepted: [...nodes.values()].filter((node) => node.accepted).map(({ claim }) => claim), refused };
}

function nest<C extends Claim>(claims: readonly C[]): ReadonlyMap<C, Node<C>> {
  const nodes = new Map<C, Node<C>>();
  let above: Node<C> | undefined;
  for (const claim of claims.toSorted((a, b) => compareSpans(a.span, b.span))) {
    while (above !== undefined && !isWithin(claim.span, above.claim.span)) above = above.above;
    above = { claim, above, accepted: false };
    nodes.set(claim, above);
  }
  return nodes;
}

function rivalOf<C extends Claim>(node: Node<C>): C | undefined {
  const { owner } = node.claim;
  if (node.one !== undefined && node.one.owner !== owner) return node.one;
  if (node.another !== undefined) return node.another;
  for (let at = node.above; at !== undefined; at = at.above) {
    if (at.accepted && at.claim.owner !== owner) return at.claim;
  }
  return undefined;
}

function accept<C extends Claim>(node: Node<C>): void {
  node.accepted = true;
  for (let at = node.above; at !== undefined; at = at.above) {
    if (at.one === undefined) at.one = node.claim;
    else if (at.one.owner !== node.claim.owner) at.another ??= node.claim;
  }
}
