/** TCP connections to a host by name or address. */
import { ipBytes, parseIp } from "../../addr/ip.ts";
import { closeFile } from "../../os/file.ts";
import { beginConnect, isConnected, keepAlive } from "../../os/tcp.ts";
import { HttpFailure } from "./failure.ts";

export interface DialOptions {
  /** Ends the attempt; its reason is thrown. */
  readonly signal: AbortSignal;
  /** `keepAlive` of lib/os/tcp.ts. */
  readonly keepAliveS: number;
  /** Where sockets are opened: synchronous, so it may go into another network namespace for the moment. */
  readonly within: <T>(open: () => T) => T;
}

/** How often is looked whether a connection stands, ms: the first time at once, where on one's own LAN it already does. */
const firstLookMs = 2;
const rarestLookMs = 20;

/** @returns a connected socket; one address of the name after the other. @throws {HttpFailure} */
export async function dial(host: string, port: number, options: DialOptions): Promise<number> {
  let failure = new HttpFailure("broken", `${host} has no address`);
  for (const address of await addressesOf(host, options.signal)) {
    try {
      return await dialAddress(address, port, options);
    } catch (error) {
      options.signal.throwIfAborted();
      failure = new HttpFailure("broken", error instanceof Error ? error.message : String(error));
    }
  }
  throw failure;
}

async function addressesOf(host: string, signal: AbortSignal): Promise<readonly Uint8Array[]> {
  const literal = parseIp(host);
  if (literal !== undefined) return [ipBytes(literal)];
  const ended = Promise.withResolvers<never>();
  const abort = () => ended.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    const found = await Promise.race([Bun.dns.lookup(host, { socketType: "tcp" }), ended.promise]);
    return found.flatMap(({ address }) => parseIp(address) ?? []).map(ipBytes);
  } catch {
    signal.throwIfAborted();
    throw new HttpFailure("broken", `the name ${host} cannot be resolved`);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function dialAddress(
  address: Uint8Array,
  port: number,
  { signal, keepAliveS, within }: DialOptions,
): Promise<number> {
  const fd = within(() => beginConnect(address, port));
  try {
    for (
      let wait = 1;
      !isConnected(fd, wait === 1 ? firstLookMs : 0);
      wait = Math.min(wait * 2, rarestLookMs)
    ) {
      await Bun.sleep(wait);
      signal.throwIfAborted();
    }
    keepAlive(fd, keepAliveS);
    return fd;
  } catch (error) {
    closeFile(fd);
    throw error;
  }
}
