/** The state of the host as a process sees it that stays: the file may come, go, and be replaced. */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { ToolBackend } from "../../../lib/seam/tool-backend.ts";
import { stateFileName } from "../../../lib/state/store.ts";
import { type Host, type HostOptions, openState } from "../host.ts";

export interface HostSource {
  /** The host with the state file that is there now. */
  current(): Host;
  close(): void;
}

export function hostSource(options: HostOptions, backend: ToolBackend): HostSource {
  let opened: { readonly host: Host; readonly inode: bigint | undefined } | undefined;
  const inode = (): bigint | undefined =>
    statSync(join(options.dataDir, stateFileName), { throwIfNoEntry: false, bigint: true })?.ino;
  return {
    current() {
      const now = inode();
      // A store that found no file goes on without one.
      if (opened === undefined || opened.inode !== now || now === undefined) {
        opened?.host.close();
        const state = openState(options, backend);
        opened = { host: { ...state, backend, close: () => state.close() }, inode: now };
      }
      return opened.host;
    },
    close: () => opened?.host.close(),
  };
}
