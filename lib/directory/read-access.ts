/** How etcd is reached, as a configuration says it. Pure. */
import { anyShape, flatShape, listShape } from "../cni/keys.ts";
import { type Issue, report } from "../cni/read.ts";
import type { EtcdAccess } from "./config.ts";

export const accessShape = {
  endpoints: listShape(anyShape),
  prefix: anyShape,
  tls: flatShape("ca", "cert", "key"),
  user: anyShape,
  passwordFile: anyShape,
};

export interface RawAccess {
  readonly endpoints?: readonly string[];
  readonly prefix?: string;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly user?: string;
  readonly passwordFile?: string;
}

/** Where our records are when nobody says it. */
export const defaultRoot = "/vswitch";

/**
 * @param raw of the right types
 * @param at where it stands: `directory`
 */
export function readAccess(raw: RawAccess, at: string, defaultPrefix: string, issues: Issue[]): EtcdAccess {
  const { endpoints = [], tls, user, passwordFile } = raw;
  if (endpoints.length === 0)
    report(issues, `${at}.endpoints`, 'members of etcd, such as ["http://10.0.0.5:2379"]', raw.endpoints);
  if ((tls?.cert === undefined) !== (tls?.key === undefined))
    report(issues, `${at}.tls`, "cert and key, or neither", Object.keys(tls ?? {}).join(", "));
  if ((user === undefined) !== (passwordFile === undefined))
    report(issues, `${at}.user`, "user and passwordFile, or neither", user);
  return {
    endpoints: endpoints.map((endpoint) => endpoint.replace(/\/$/, "")),
    prefix: raw.prefix ?? defaultPrefix,
    ...(tls === undefined ? {} : { tls }),
    ...(user === undefined || passwordFile === undefined ? {} : { user: { name: user, passwordFile } }),
  };
}
