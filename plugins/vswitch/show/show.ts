/** `vswitch show`: networks, endpoints, ports, effective policies, counters. */
import { findEndpoint } from "../find-endpoint.ts";
import { besideLinks, directoryOf, type Host, readScene, withHost } from "../host.ts";
import type { CommonOptions } from "../options.ts";
import { type Session, UsageError } from "../terminal.ts";
import { formatEndpoint, formatNetwork } from "./format-endpoint.ts";
import { formatHost } from "./format-show.ts";
import { type HostView, hostView } from "./view.ts";

export interface ShowOptions extends CommonOptions {
  /** A network, or an endpoint by any of its names. */
  readonly target?: string;
  /** The whole scene instead, as JSON. */
  readonly scene: boolean;
}

export async function show(options: ShowOptions, session: Session): Promise<void> {
  const warn = (text: string): void => session.complain(`vswitch: ${text}`);
  const of = { dataDir: options["data-dir"], warn };
  if (options.scene) return void session.print(JSON.stringify(await withHost(of, readScene)));
  const view = await withHost(of, observeView);
  const { json, target } = options;
  if (target === undefined) {
    const empty = `no network is known to the state in ${options["data-dir"]}: the first ADD defines one`;
    session.print(json ? pretty(view) : formatHost(view, empty, Date.now()));
    return;
  }
  const network = view.networks.find(({ name }) => name === target);
  if (network !== undefined) {
    const endpoints = view.endpoints.filter((one) => one.network === target);
    session.print(json ? pretty({ ...network, endpoints }) : formatNetwork(network, endpoints, Date.now()));
    return;
  }
  const found = findOne(target, view);
  session.print(json ? pretty(found) : formatEndpoint(found, Date.now()));
}

function observeView(host: Host): HostView {
  const { store, backend, bootId } = host;
  const uplink = backend.observeHost().uplink?.name;
  return hostView({
    networks: store.networks.list(),
    endpoints: store.endpoints.list(),
    counters: backend.observeCounters(besideLinks(host)),
    ...(uplink === undefined ? {} : { uplink }),
    bootId,
    compartmentExists: (path) => backend.compartmentExists(path),
    directoryOf: (row) => directoryOf(row, host),
  });
}

function findOne(target: string, { networks, endpoints }: HostView): HostView["endpoints"][number] {
  const named = endpoints.map((view) => ({
    ...view,
    plan:
      view.mac === undefined
        ? null
        : { port: { name: view.port ?? "" }, vnic: { addresses: view.addresses } },
    view,
  }));
  try {
    return findEndpoint(target, named).view;
  } catch (error) {
    if (!(error instanceof UsageError) || networks.length === 0) throw error;
    throw new UsageError(`${error.message}; networks: ${networks.map(({ name }) => name).join(", ")}`);
  }
}

const pretty = (value: unknown): string => JSON.stringify(value, null, 2);
