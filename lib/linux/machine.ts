/** What the Linux back end takes from the machine it runs on. A fake in its place needs no root and no kernel. */
import { connect, type Netlink } from "../netlink/connection.ts";
import { lockDescriptor } from "./lock.ts";
import { inCompartment, openCompartment, stillThere } from "./netns.ts";
import { announceOnWire } from "./routed/announce.ts";
import { openNetlink } from "./socket.ts";
import { readSysctl, writeSysctl } from "./sysctl.ts";
import type { NewTap } from "./vm/create-tap.ts";

const offload = () => require("./offload.ts") as typeof import("./offload.ts");
const taps = () => require("./vm/create-tap.ts") as typeof import("./vm/create-tap.ts");

export interface Machine {
  /** rtnetlink in the host's compartment. */
  readonly host: Netlink;
  /** nfnetlink in the host's compartment. */
  readonly rules: Netlink;
  readonly openCompartment: typeof openCompartment;
  readonly inCompartment: typeof inCompartment;
  readonly stillThere: typeof stillThere;
  /** Of the compartment the thread is in. */
  readonly readSysctl: typeof readSysctl;
  readonly writeSysctl: typeof writeSysctl;
  readonly lockDescriptor: typeof lockDescriptor;
  /** In the compartment that the thread is in. */
  createTap(tap: NewTap): void;
  /** Of a link of the compartment that the thread is in. */
  setTxChecksum(name: string, on: boolean): void;
  readonly announceOnWire: typeof announceOnWire;
  /** Where sysfs is mounted; absent: /sys. */
  readonly sysRoot?: string;
  close(): void;
}

/** As far as it is needed to look. */
export type Readers = Pick<Machine, "host" | "rules" | "readSysctl">;

/** The kernel that runs this process; its sockets are opened at their first use. */
export function thisMachine(trace?: (line: string) => void): Machine {
  let host: Netlink | undefined;
  let rules: Netlink | undefined;
  return {
    get host() {
      host ??= connect(openNetlink("route"), trace);
      return host;
    },
    get rules() {
      rules ??= connect(openNetlink("netfilter"), trace);
      return rules;
    },
    openCompartment,
    inCompartment,
    stillThere,
    readSysctl,
    writeSysctl,
    lockDescriptor,
    createTap: (tap) => taps().createTap(tap),
    setTxChecksum: (name, on) => offload().setTxChecksum(name, on),
    announceOnWire,
    close() {
      host?.close();
      rules?.close();
    },
  };
}
