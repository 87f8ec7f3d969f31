/** A command that speaks to a directory. */
import { resolve } from "node:path";
import type { Etcd } from "../../../lib/etcd/etcd.ts";
import { openEtcd } from "../../../lib/etcd/open.ts";
import { openState } from "../host.ts";
import type { Session } from "../terminal.ts";
import { type ClusterOptions, chooseAccess } from "./access.ts";

/** Opens it, runs, and closes it again, whatever happens. */
export async function withDirectory<T>(
  options: ClusterOptions,
  session: Session,
  fn: (etcd: Etcd, prefix: string) => Promise<T>,
): Promise<T> {
  const warn = (text: string): void => session.complain(`vswitch: ${text}`);
  const state = openState({ dataDir: resolve(options["data-dir"]), warn });
  let etcd: Etcd | undefined;
  try {
    const access = chooseAccess(options, () => state.store);
    etcd = openEtcd(access);
    return await fn(etcd, access.prefix);
  } finally {
    etcd?.close();
    state.close();
  }
}
