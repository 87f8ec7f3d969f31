/** Entering a compartment that may be gone. */
import { CniError, errorCode } from "../cni/error.ts";
import type { Machine } from "./machine.ts";
import type { CompartmentHandle } from "./netns.ts";

/** @returns undefined when there is none. @throws {CniError} 110 */
export function tryOpen(path: string, machine: Machine): CompartmentHandle | undefined {
  try {
    return machine.openCompartment(path);
  } catch (error) {
    if (error instanceof CniError && error.code === errorCode.compartmentInvalid) return undefined;
    throw error;
  }
}
