/**
 * DEL: the kernel first, then the address, so that none is handed out while an interface still answers to it.
 *
 * It needs neither compartment nor prevResult nor a valid configuration; what is gone already is success.
 */
import type { JsonObject } from "../cni/read.ts";
import type { DelRequest } from "../cni/request.ts";
import { addressSource } from "./address-source.ts";
import { dataDirOf, ownerOf } from "./attachment.ts";
import type { Context } from "./context.ts";

/** @throws {AggregateError|CniError} after everything was tried */
export function del(
  request: DelRequest,
  context: Context,
  nativeIpam: (config: JsonObject) => JsonObject,
): void {
  const { key } = ownerOf(request);
  const release = lock(request.netns, context);
  const store = context.openStore(dataDirOf(request.config, context.env));
  try {
    const row = store.endpoints.get(key);
    context.backend.remove({ key, ...(row?.plan ? { plan: row.plan } : {}) });
    const source = addressSource(request, store, context, nativeIpam);
    if (source.inProcess) {
      store.transaction(() => {
        source.del(request);
        store.endpoints.remove(key);
      });
    } else {
      // Our own part first: a delegate that fails is asked again by the next DEL.
      store.endpoints.remove(key);
      source.del(request);
    }
  } finally {
    store.close();
    release();
  }
}

/** Waits for an ADD at work in the same compartment; a compartment that is gone has none. */
function lock(path: string | undefined, context: Context): () => void {
  if (path === undefined) return () => {};
  return context.backend.lockCompartment(path);
}
