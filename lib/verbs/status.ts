/** STATUS: whether an ADD could be served now. Cheap, and without side effects: runtimes ask every few seconds. */
import { requireUsableFolder } from "../../plugins/ipam/usable-folder.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { folded } from "../cni/keys.ts";
import type { StatusRequest } from "../cni/request.ts";
import {
  type AnyExternalSwitch,
  isExternal,
  isOverlay,
  type OverlayMode,
  type Switch,
} from "../model/switch.ts";
import type { Backend } from "../seam/backend.ts";
import type { Store } from "../state/store.ts";
import { addressSource } from "./address-source.ts";
import { dataDirOf, namesForeignIpam } from "./attachment.ts";
import type { Context } from "./context.ts";
import type { NetworkTraits } from "./network-plugin.ts";
import type { NetworkSpec } from "./network-spec.ts";

/** @throws {CniError} 50 when ADD cannot be served, 51 when existing attachments suffer too; a delegate's own error */
export function status(request: StatusRequest, context: Context, traits: NetworkTraits): void {
  const vnic = String(folded(request.config.raw, "vnic")).toLowerCase();
  const missing = context.backend.missingFeatures({
    taps: vnic === "vmnic",
    ...acrossHosts(request, traits),
  });
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
    requireUplink(request, spec, store, context, traits);
    addressSource(request, store, context, traits).status(request, spec?.automatic);
  } catch (error) {
    throw asStatus(error, request);
  } finally {
    store.close();
  }
}

/** How a network is one across hosts; the configuration need not be valid. */
function acrossHosts({ config }: StatusRequest, { kind }: NetworkTraits): { readonly overlay?: OverlayMode } {
  if (kind !== "overlay") return {};
  const mode = String(folded(config.raw, "mode")).toLowerCase();
  return { overlay: mode === "stretched" ? "stretched" : "routed" };
}

/** @throws {CniError} 51 when attachments are cut off, 50 when there are none yet */
function requireUplink(
  request: StatusRequest,
  spec: NetworkSpec | undefined,
  store: Store,
  { backend, bootId }: Context,
  { externalUplink }: NetworkTraits,
): void {
  if (externalUplink === undefined) return;
  const known = spec && uplinkOf(spec.switch);
  const named = known?.uplink ?? externalUplink(request.config.raw);
  const uplink = known ?? uplinkNow(named, backend);
  const state = uplink === undefined ? "gone" : backend.uplinkState(uplink);
  if (state === "up") return;
  const { name } = request.config;
  const isUsed = store.endpoints.list(name).some((row) => row.bootId === bootId);
  const which =
    named === undefined ? "the host has no default route to take it from" : `${named} is ${state}`;
  throw new CniError(
    isUsed ? errorCode.notAvailableLimited : errorCode.notAvailable,
    `network ${name} has no uplink: ${which}`,
    {
      reason: state === "gone" ? "uplink-missing" : "uplink-down",
      details:
        state === "gone" ? "bring the interface back" : "set it up, or look at its cable or its other end",
    },
  );
}

/** By which the network's packets leave: its own, or those of its tunnel. */
function uplinkOf(vswitch: Switch): Uplink | undefined {
  if (isOverlay(vswitch)) return { uplink: vswitch.tunnel.uplink, lower: vswitch.tunnel.uplink };
  return isExternal(vswitch) ? vswitch : undefined;
}

type Uplink = Pick<AnyExternalSwitch, "uplink" | "lower">;

/** Of a network that nobody has been on. */
function uplinkNow(named: string | undefined, backend: Backend): Uplink | undefined {
  const name = named ?? backend.observeHost().uplink?.name;
  return name === undefined ? undefined : { uplink: name, lower: name };
}

/** What would fail an ADD is "not available" here, under the reason it has there; a delegate's code stays. */
function asStatus(error: unknown, request: StatusRequest): unknown {
  const foreign = namesForeignIpam(request.config);
  if (!(error instanceof CniError) || foreign || error.code === errorCode.invalidConfig) return error;
  if (error.code === errorCode.notAvailable || error.code === errorCode.notAvailableLimited) return error;
  const { message, reason, details } = error;
  return new CniError(errorCode.notAvailable, message, { reason, cause: error, ...(details && { details }) });
}
