/** Our interface plugins, as the suite judges them: one entry each. */
import { resolve } from "node:path";
import type { Target } from "./target.ts";

const bin = resolve(import.meta.dirname, "../../dist/bin");
const data = ["$", "{DATA}"].join("");

/** Ours among the delegates, and Debian's reference plugins. */
const cniPath = [bin, "/usr/lib/cni"];

const ipam = { type: "ipam", ranges: [[{ subnet: "10.71.0.0/24" }]], routes: [{ dst: "0.0.0.0/0" }] };
/** All networks of a scenario have the one configuration. */
const oneNumber = (...scenarios: readonly string[]) =>
  Object.fromEntries(scenarios.map((id) => [id, "a host has one network of a VNI"]));
const knownLimits = { T20b: "the Bun runtime does not start in a working folder that was deleted" };

export const targets: readonly Target[] = [
  {
    name: "nat",
    plugin: `${bin}/nat`,
    cniPath,
    switch: "vsw-net1",
    knownLimits,
    features: { peers: true, gateway: true, outside: true },
    config: {
      type: "nat",
      dataDir: data,
      capabilities: { portMappings: true, mac: true, ips: true, bandwidth: true },
      ipam,
    },
  },
  {
    name: "nat for guests",
    plugin: `${bin}/nat`,
    cniPath,
    switch: "vsw-net1",
    knownLimits,
    // The kernel's stack does not answer for a guest, and there is no guest here: test/system has some.
    features: { stack: false, hostEnd: false },
    // Results, chains, kills, DEL, CHECK, GC, runtimes: where it makes a difference what a container's NIC is.
    only: /^T(3[0-8]|41|47|48|5\d|6[0-2]|7\d|8[02]|10[45]|11[56])/,
    kills: 3,
    config: {
      type: "nat",
      dataDir: data,
      vnic: "vmNic",
      capabilities: { portMappings: true, mac: true, ips: true, bandwidth: true },
      ipam,
    },
  },
  {
    name: "transparent",
    plugin: `${bin}/transparent`,
    cniPath,
    knownLimits,
    features: { peers: true, lan: true, hostEnd: false, l2only: true },
    config: {
      type: "transparent",
      dataDir: data,
      // The LAN is asked for each address, but who answers here answers at once.
      dad: 1,
      capabilities: { mac: true, ips: true },
      ipam,
    },
  },
  {
    name: "overlay",
    plugin: `${bin}/overlay`,
    cniPath,
    switch: "vsw-net1",
    knownLimits: {
      ...oneNumber("T30", "T83", "T106e"),
      T34a: "an uplink of 1500 bytes leaves 1450 for what is inside VXLAN packets",
    },
    features: { peers: true, gateway: true, outside: true },
    // Where it makes a difference that the switch has a tunnel, and what the host must be left with.
    only: /^T(3[0-8]|41|47|48|5\d|6[0-2]|7\d|8[0-5]|99|10[45]|106|11[56])/,
    kills: 3,
    config: {
      type: "overlay",
      dataDir: data,
      vni: 4097,
      directory: { type: "static" },
      capabilities: { portMappings: true, mac: true, ips: true, bandwidth: true },
      ipam,
    },
  },
];
