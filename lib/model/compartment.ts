/**
 * A compartment: the isolated IP stack of a container, with interfaces, addresses, routes and ports of its own.
 * The host's own stack is compartment 1 in the Windows model; here it is the one the plugin runs in.
 */
export interface Compartment {
  /** CNI_NETNS as the runtime gave it: a path on Linux, a namespace GUID on Windows. */
  readonly path: string;
}
