/** A DHCP server on the demo's LAN, in a thread of its own: the executables are waited for meanwhile. */
import type { Machine } from "./world.ts";

export interface DhcpServer {
  /** What was asked of it since this was asked last: "discover", "request", "release" ... */
  heard(): Promise<readonly string[]>;
  close(): void;
}

export interface DhcpOffer {
  /** What the only client gets, with the length of its subnet. */
  readonly address: string;
  readonly router: string;
  readonly leaseSeconds: number;
}

/** What the thread is told. */
export type ServerOrder =
  | { readonly kind: "serve"; readonly path: string; readonly server: string; readonly offer: DhcpOffer }
  | { readonly kind: "tell" };

/** @param server its address on the LAN */
export async function startDhcpServer(
  machine: Machine,
  server: string,
  offer: DhcpOffer,
): Promise<DhcpServer> {
  const worker = new Worker(new URL("./dhcp-worker.ts", import.meta.url).href);
  const order = <T>(message: ServerOrder): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    worker.onmessage = ({ data }) => resolve(data as T);
    worker.onerror = (event) => reject(new Error(`the DHCP server: ${event.message}`));
    worker.postMessage(message);
    return promise;
  };
  await order({ kind: "serve", path: machine.path, server, offer });
  return { heard: () => order({ kind: "tell" }), close: () => worker.terminate() };
}
