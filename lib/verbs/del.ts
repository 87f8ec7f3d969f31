/**
 * DEL: the kernel first, then the address, so that none is handed out while an interface still answers to it.
 *
 * It needs neither compartment nor prevResult nor a valid configuration nor a readable state: without it the marks on
 * kernel objects serve. What is gone already is success.
 */
import { CniError, errorCode } from "../cni/error.ts";
import type { DelRequest } from "../cni/request.ts";
import type { Plan } from "../model/plan.ts";
import type { Store } from "../state/store.ts";
import { addressSource } from "./address-source.ts";
import { dataDirOf, ownerOf } from "./attachment.ts";
import type { Context } from "./context.ts";
import type { NetworkTraits } from "./network-plugin.ts";

/** How long to wait for an ADD at work in the same compartment. */
const patienceMs = 5000;

/**
 * @returns whether an address is to be given back to a directory
 * @throws {CniError} the first failure, after everything was tried
 */
export function del(request: DelRequest, context: Context, traits: NetworkTraits): boolean {
  const { key } = ownerOf(request);
  const release = lock(request.netns, context);
  const store = context.openStore(dataDirOf(request.config, context.env));
  try {
    const planned = planOf(key, store);
    context.backend.remove({
      key,
      ...(request.netns === undefined ? {} : { path: request.netns }),
      ...(planned.plan === undefined ? {} : { plan: planned.plan }),
    });
    if (planned.failure !== undefined) throw planned.failure;
    return releaseAddress(request, store, context, traits);
  } finally {
    store.close();
    release();
  }
}

function releaseAddress(request: DelRequest, store: Store, context: Context, traits: NetworkTraits): boolean {
  const { key } = ownerOf(request);
  const source = addressSource(request, store, context, traits);
  if (source.inProcess) {
    return store.transaction(() => {
      const waits = source.del(request);
      store.endpoints.remove(key);
      return waits;
    });
  }
  // Our own part first: a delegate that fails is asked again by the next DEL.
  store.endpoints.remove(key);
  return source.del(request);
}

/** A state that cannot be read must not keep the interface alive; its failure is told afterwards. */
function planOf(key: string, store: Store): { readonly plan?: Plan; readonly failure?: unknown } {
  try {
    const plan = store.endpoints.get(key)?.plan;
    return plan ? { plan } : {};
  } catch (failure) {
    return { failure };
  }
}

/** Waits for an ADD at work in the same compartment, but not for ever: somebody else may hold it for good. */
function lock(path: string | undefined, context: Context): () => void {
  if (path === undefined) return () => {};
  try {
    return context.backend.lockCompartment(path, patienceMs);
  } catch (error) {
    if (!(error instanceof CniError && error.code === errorCode.tryAgainLater)) throw error;
    context.log.warn(`going on although ${error.message}`);
    return () => {};
  }
}
