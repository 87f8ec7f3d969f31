/** What all repairs share. Pure. */
import type { LinkChanges } from "../../../netlink/route/set-link.ts";

/** Without undo: what is mended stays so, though what comes after may fail. */
export const own = (title: string) => ({ title, scope: "switch" }) as const;

/** In the words of `ip link set`. */
export const wordsOf = ({ mtu, mac, up }: LinkChanges): readonly string[] => [
  ...(mtu === undefined ? [] : [`mtu ${mtu}`]),
  ...(mac === undefined ? [] : [`address ${mac}`]),
  ...(up ? ["up"] : []),
];
