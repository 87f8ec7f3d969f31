/** Doing something inside a namespace, for a moment. */
import { closeSync, openSync } from "node:fs";
import { inCompartment } from "../../../lib/linux/netns.ts";

export function within<T>(path: string, fn: () => T): T {
  const fd = openSync(path, "r");
  try {
    return inCompartment({ fd, path }, fn);
  } finally {
    closeSync(fd);
  }
}
