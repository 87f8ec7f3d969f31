/** Questions to the gateway that the project's client has none for: what an administrator does. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EtcdAccess } from "../../lib/directory/config.ts";
import { createHttpClient, type HttpClient } from "../../lib/etcd/http/client.ts";
import { parseOrigin } from "../../lib/etcd/http/origin.ts";
import { readTls } from "../../lib/etcd/tls.ts";
import { type Namespace, withinNamespace } from "./namespaces.ts";

/** What `node` may read and write. */
export const nodePrefix = "/vswitch/";

/** Their passwords; that of `node` has what a header or JSON could stumble over. */
export const users = { root: "root-secret", node: 'n"ode\\secret é' } as const;

type Ask = (path: string, body: object) => Promise<Record<string, unknown>>;

/** @returns the answer. @throws when its status is not 200 */
export async function postTo(
  ns: Namespace,
  { endpoints: [endpoint = ""], tls, root }: EtcdAccess & { readonly root: boolean },
  path: string,
  body: object,
): Promise<Record<string, unknown>> {
  const origin = parseOrigin(endpoint);
  if (origin === undefined) throw new Error(`no endpoint: ${endpoint}`);
  const http = createHttpClient({
    origin,
    tls: () => readTls(tls),
    within: (open) => withinNamespace(ns, open),
    keepAliveS: 60,
    connectMs: 3000,
    maxBytes: 1 << 24,
  });
  try {
    const token = root ? await tokenOf(http) : undefined;
    return await ask(http, path, body, token === undefined ? {} : { Authorization: token });
  } finally {
    http.forget();
  }
}

async function tokenOf(http: HttpClient): Promise<string> {
  const { token } = await ask(http, "/auth/authenticate", { name: "root", password: users.root }, {});
  return String(token);
}

async function ask(
  http: HttpClient,
  path: string,
  body: object,
  headers: Record<string, string>,
): Promise<Record<string, unknown>> {
  const request = { path: `/v3${path}`, headers, body: JSON.stringify(body) };
  const answer = await http.post(request, AbortSignal.timeout(10_000));
  if (answer.status !== 200) throw new Error(`${path}: HTTP ${answer.status}: ${answer.body}`);
  return JSON.parse(answer.body);
}

/** `root` who may all, `node` who may below `nodePrefix`; passwords stand in files of the folder. */
export async function enableAuth(ask: Ask, dir: string): Promise<void> {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  for (const [name, password] of Object.entries(users)) {
    writeFileSync(join(dir, `${name}.password`), `${password}\n`, { mode: 0o600 });
    await ask("/auth/user/add", { name, password });
  }
  const end = `${nodePrefix.slice(0, -1)}0`;
  await ask("/auth/role/add", { name: "node" });
  await ask("/auth/role/grant", {
    name: "node",
    perm: { permType: "READWRITE", key: base64(nodePrefix), range_end: base64(end) },
  });
  await ask("/auth/user/grant", { user: "node", role: "node" });
  await ask("/auth/user/grant", { user: "root", role: "root" });
  await ask("/auth/enable", {});
}
