/** Who works in a compartment holds a lock on its file. */
import { closeFile, isNamespace, O_NONBLOCK, openFile } from "../os/file.ts";
import type { Machine } from "./machine.ts";

export function lockCompartment(path: string, waitMs: number, machine: Machine): () => void {
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO at this path must not hold the plugin up.
    fd = openFile(path, O_NONBLOCK);
  } catch {
    return () => {};
  }
  try {
    if (compartmentExists(path)) machine.lockDescriptor(fd, path, waitMs);
    return () => closeFile(fd);
  } catch (error) {
    closeFile(fd);
    throw error;
  }
}

export function compartmentExists(path: string): boolean {
  try {
    return isNamespace(path);
  } catch {
    return false;
  }
}
