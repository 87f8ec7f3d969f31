/** By what other nodes know the adapter of an attachment. */
import type { Plan } from "../../../../lib/model/plan.ts";

/** The owner's key says it all: one vNIC for each attachment. */
export const vnicId = ({ key }: Plan): string => `vnic ${key}`;
