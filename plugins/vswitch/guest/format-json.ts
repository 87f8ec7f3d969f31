/** A guest's NICs as plain JSON, for programs that start virtual machines. Pure. */
import { type Prefix, prefixAddress, prefixFamily, prefixLength } from "../../../lib/addr/prefix.ts";
import type { Route } from "../../../lib/model/vnic.ts";
import type { GuestNic, GuestText } from "./guest-nic.ts";

export const formatJson = (nics: readonly GuestNic[]): GuestText => ({
  text: JSON.stringify(nics.map(nicJson), null, 2),
  unsaid: [],
});

const nicJson = ({
  network,
  name,
  mac,
  mtu,
  addresses,
  gateways,
  routes,
  dns,
  tap,
  compartment,
}: GuestNic) => ({
  network,
  name,
  mac,
  mtu,
  addresses: addresses.map(addressJson),
  gateways,
  routes: routes.map(routeJson),
  dns,
  tap,
  compartment,
});

const addressJson = (address: Prefix) => ({
  address: prefixAddress(address),
  prefixLength: prefixLength(address),
  family: prefixFamily(address),
});

const routeJson = ({ destination, gateway, priority, table, mtu, advmss }: Route) => ({
  destination,
  gateway,
  metric: priority,
  table,
  mtu,
  advmss,
});
