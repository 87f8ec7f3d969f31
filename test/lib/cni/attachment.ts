/** An ordinary call of a plugin, to be varied by the tests. */

import { CniError } from "../../../lib/cni/error.ts";
import { parseRequest } from "../../../lib/cni/request.ts";

export const attachmentEnv = {
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: "c0ffee",
  CNI_NETNS: "/run/netns/c0ffee",
  CNI_IFNAME: "eth0",
  CNI_ARGS: "",
  CNI_PATH: "/opt/cni/bin",
} as const;

export const prevResult = {
  cniVersion: "1.1.0",
  interfaces: [{ name: "eth0", mac: "02:00:00:00:00:05", sandbox: "/run/netns/c0ffee" }],
  ips: [{ address: "10.1.0.5/16", gateway: "10.1.0.1", interface: 0 }],
};

export const config = (more: object = {}): string =>
  JSON.stringify({ cniVersion: "1.1.0", name: "net", type: "nat", ...more });

/** What `parse` throws, which must be a CniError. */
export function failure(parse: () => unknown): CniError {
  try {
    parse();
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Parses a call that differs from the ordinary one by some variables. */
export const parseWith = (env: Record<string, string | undefined>, stdin: string | Uint8Array = config()) =>
  parseRequest({ ...attachmentEnv, ...env }, stdin);
