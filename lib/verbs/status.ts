/** STATUS: whether an ADD could be served now. Cheap, and without side effects: runtimes ask every few seconds. */

import { requireUsableFolder } from "../../plugins/ipam/usable-folder.ts";
import { CniError, errorCode } from "../cni/error.ts";
import type { StatusRequest } from "../cni/request.ts";
import { addressSource } from "./address-source.ts";
import { dataDirOf, namesForeignIpam } from "./attachment.ts";
import type { Context } from "./context.ts";
import type { NetworkTraits } from "./network-plugin.ts";
import type { NetworkSpec } from "./network-spec.ts";

/** @throws {CniError} 50 when ADD cannot be served, 51 when existing attachments suffer too; a delegate's own error */
export function status(request: StatusRequest, context: Context, traits: NetworkTraits): void {
  const missing = context.backend.missingFeatures();
  if (missing.length > 0) {
    throw new CniError(
      errorCode.notAvailable,
      `the kernel cannot carry network ${request.config.name}: ${missing.join("; ")}`,
      {
        reason: "kernel-feature-missing",
        details: "load the modules named, or use a kernel that has them",
      },
    );
  }
  const dataDir = dataDirOf(request.config, context.env);
  const store = context.openStore(dataDir);
  try {
    requireUsableFolder(dataDir);
    const spec = store.networks.get(request.config.name)?.spec as NetworkSpec | undefined;
    addressSource(request, store, context, traits).status(request, spec?.automatic);
  } catch (error) {
    throw asStatus(error, request);
  } finally {
    store.close();
  }
}

/** What would fail an ADD is "not available" here, under the reason it has there; a delegate's code stays. */
function asStatus(error: unknown, request: StatusRequest): unknown {
  const foreign = namesForeignIpam(request.config);
  if (!(error instanceof CniError) || foreign || error.code === errorCode.invalidConfig) return error;
  if (error.code === errorCode.notAvailable || error.code === errorCode.notAvailableLimited) return error;
  const { message, reason, details } = error;
  return new CniError(errorCode.notAvailable, message, { reason, cause: error, ...(details && { details }) });
}
