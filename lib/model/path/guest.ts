/** What is not known of a guest: its stack is its own. */
import type { Plan } from "../plan.ts";
import { isVmPlan } from "../vm-nic.ts";

/** No address was planned for it: it asks a DHCP server, or its owner sets it up. */
export const choosesAddresses = (plan: Plan): boolean => isVmPlan(plan) && plan.vnic.addresses.length === 0;

/** Why. */
export const ownChoice = "the network gives it none, and what it has got itself nobody on the host knows";
