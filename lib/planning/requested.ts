/** What a runtime asks for of one attachment, besides the configuration of its network. Pure. */
import type { Mac } from "../addr/mac.ts";
import { type PortMappingRequest, parseRuntimeConfig, type RuntimeConfig } from "../cni/capability.ts";
import type { AddRequest } from "../cni/request.ts";
import { requestedMac } from "../cni/requested-mac.ts";
import { requestedVnic, type VnicRequest } from "./vnic-config.ts";

/** By capabilities, args and CNI_ARGS. */
export interface Requested extends Pick<RuntimeConfig, "bandwidth" | "podAnnotations"> {
  readonly portMappings: readonly PortMappingRequest[];
  readonly mac?: Mac;
  readonly vnicRequest?: VnicRequest;
  /** Name of the network. */
  readonly network: string;
}

/** @throws {CniError} 7 for what cannot be read */
export function requestedOf(request: AddRequest): Requested {
  const { config } = request;
  const mac = requestedMac(request);
  return {
    ...parseRuntimeConfig(config.runtimeConfig, config.name),
    vnicRequest: requestedVnic(request),
    network: config.name,
    ...(mac === undefined ? {} : { mac }),
  };
}
