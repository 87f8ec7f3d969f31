/** Sockets in compartments, which are closed together. */
import { closeSync, openSync } from "node:fs";
import { inCompartment } from "../../lib/linux/netns.ts";
import type { Line } from "./raw-sockets.ts";

export interface Lines extends Disposable {
  /** Opens one in the compartment with this path. */
  within(path: string, open: () => Line): Line;
}

export function openLines(): Lines {
  const all: Line[] = [];
  return {
    within(path, open) {
      const fd = openSync(path, "r");
      try {
        const line = inCompartment({ fd, path }, open);
        all.push(line);
        return line;
      } finally {
        closeSync(fd);
      }
    },
    [Symbol.dispose]() {
      for (const line of all) line.close();
    },
  };
}
