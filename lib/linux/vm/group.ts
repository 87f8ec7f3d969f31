/**
 * The tap in a compartment and the link that it is joined to are a group of links, so that the kernel deletes both in the
 * time of one. The link's index makes the number unique in the compartment; those that people give are small.
 */
export const joinedGroup = (linkIndex: number): number => 0x4000_0000 + linkIndex;
