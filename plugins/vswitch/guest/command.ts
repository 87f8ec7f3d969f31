/** What `vswitch guest-config` does: the NICs of one container's guest, out of the state, in a format. */
import { CniError, errorCode } from "../../../lib/cni/error.ts";
import { formatOwner } from "../../../lib/model/owner.ts";
import { isVmPlan } from "../../../lib/model/vm-nic.ts";
import { findEndpoint, findEndpoints } from "../find-endpoint.ts";
import { type LiveEndpoint, liveEndpoints, openState } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import { type Terminal, UsageError } from "../terminal.ts";
import { formatKinds, type GuestFormat } from "./formats.ts";
import { type GuestNic, guestNic } from "./guest-nic.ts";

export interface GuestConfigOptions extends CommonOptions {
  readonly container: string;
  readonly network: string | undefined;
  readonly ifname: string | undefined;
  readonly format: GuestFormat;
  /** Names that the guest has for its NICs, in their order. */
  readonly device: readonly string[];
}

/** @throws {UsageError} for what is not there. @throws {CniError} 2 where nothing is to be applied */
export async function guestConfig(options: GuestConfigOptions, terminal: Terminal): Promise<void> {
  const warn = (text: string): void => terminal.complain(`vswitch: ${text}`);
  const nics = guestNics(endpointsOf(options, warn));
  const format = options.json ? "json" : options.format;
  const { namesDevices, load } = formatKinds[format];
  requirePlaces(options, nics, format, namesDevices);
  const { text, unsaid } = (await load())(nics, options.device);
  for (const one of unsaid) warn(one);
  if (text !== "") return terminal.print(text);
  throw new CniError(
    errorCode.unsupportedField,
    `no NIC of ${options.container} can be told in format ${format}`,
    {
      reason: "format-unsupported",
      details: "--format cloud-init and --format json tell all",
    },
  );
}

/** The state alone is asked: whoever may read it needs no rights on the host. */
function endpointsOf(options: GuestConfigOptions, warn: (text: string) => void): readonly LiveEndpoint[] {
  const state = openState({ dataDir: options["data-dir"], warn });
  try {
    return selectContainer(options, liveEndpoints(state));
  } finally {
    state.close();
  }
}

/**
 * All endpoints of one container, `eth0` before `eth1`.
 *
 * @param words the container by its id, four and more of its first characters, or any name of an endpoint of it
 * @throws {UsageError} naming the choices, when it is none of them or more than one
 */
export function selectContainer<T extends LiveEndpoint>(
  { container, network, ifname }: Pick<GuestConfigOptions, "container" | "network" | "ifname">,
  rows: readonly T[],
): readonly T[] {
  const found = findEndpoints(container, rows);
  const ids = new Set(found.map(({ containerId }) => containerId));
  // Says which there are.
  if (ids.size !== 1) findEndpoint(container, rows);
  const own = rows.filter(({ containerId }) => ids.has(containerId));
  const chosen = own.filter(
    (row) => (network ?? row.network) === row.network && (ifname ?? row.ifname) === row.ifname,
  );
  if (chosen.length === 0)
    throw new UsageError(
      `container ${container} has no such endpoint; there are ${own.map(formatOwner).join(", ")}`,
    );
  return chosen.toSorted((a, b) => a.ifname.localeCompare(b.ifname, "en", { numeric: true }));
}

/** Of those that a guest has. @throws {CniError} 2 when there are none */
export function guestNics(rows: readonly LiveEndpoint[]): readonly GuestNic[] {
  const nics = rows.flatMap(({ plan }) => (isVmPlan(plan) ? [guestNic(plan)] : []));
  if (nics.length > 0) return nics;
  const paths = [...new Set(rows.map(({ plan }) => plan.compartment.path))];
  throw new CniError(
    errorCode.unsupportedField,
    `${rows.map(formatOwner).join(", ")}: no NIC of a virtual machine. Compartment ${paths.join(", ")} has the addresses, and nothing is to be applied`,
    {
      reason: "no-vm-nic",
      details: 'a container that is a virtual machine is attached with "vnic": "vmNic"',
    },
  );
}

/** @throws {UsageError} for names that nothing would bear */
function requirePlaces(
  { device }: GuestConfigOptions,
  nics: readonly GuestNic[],
  format: GuestFormat,
  namesDevices: boolean,
): void {
  if (device.length > 0 && !namesDevices)
    throw new UsageError(`--device does not go with --format ${format}, which names no device of the guest`);
  if (device.length > nics.length)
    throw new UsageError(`--device names ${device.length} devices, and the guest has ${nics.length}`);
}
