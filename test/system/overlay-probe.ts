/** Packets of exact sizes and large transfers, by real sockets: what arrives, what is told, what is lost. */
import { createHash } from "node:crypto";
import type { Host } from "./host.ts";
import type { Namespace } from "./namespaces.ts";

const is6 = (address: string): boolean => address.includes(":");
const bracket = (address: string): string => (is6(address) ? `[${address}]` : address);

/** Bytes of an IP header and of UDP's. */
const headers = (address: string): number => (is6(address) ? 40 : 20) + 8;

/** IP_MTU_DISCOVER and IPV6_MTU_DISCOVER set to IP_PMTUDISC_DO (linux/in.h, linux/in6.h): no packet is ever cut. */
const neverCut = (address: string): string =>
  is6(address) ? "setsockopt-int=41:23:2" : "setsockopt-int=0:10:2";

/** What becomes of a packet: it arrives whole, its sender is told that it is too long, or neither. */
export type Fate = "arrives" | "told" | "lost";

export interface Sized {
  readonly from: Namespace;
  readonly to: Namespace;
  readonly address: string;
  /** Of the packet with its IP header. */
  readonly bytes: number;
  /** May be cut on its way: it arrives in pieces, and is whole again. Default false. */
  readonly cut?: boolean;
}

/** Of packets that are lost. */
const patienceMs = 700;
let nextPort = 20_000;

/** Sends one UDP packet, and once more where an error that comes back is what may tell its sender. */
export async function sendSized(host: Host, { from, to, address, bytes, cut = false }: Sized): Promise<Fate> {
  const port = nextPort++;
  const size = bytes - headers(address);
  const family = is6(address) ? 6 : 4;
  const receiver = host.start(to, [
    "socat",
    "-u",
    "-d",
    "-d",
    "-b",
    "65536",
    `UDP${family}-RECV:${port}`,
    "-",
  ]);
  await receiver.line((line) => line.includes("starting data transfer loop"), `receiver at ${port}`);
  const out = `UDP${family}-DATAGRAM:${bracket(address)}:${port}${cut ? "" : `,${neverCut(address)}`}`;
  const send = async () => {
    const script = `printf '%0${size - 1}d\\n' 7 | socat -u -b 65536 - ${out}`;
    return /message too long/i.test((await host.run(from, ["sh", "-c", script])).stderr);
  };
  try {
    if (await send()) return "told";
    const arrived = (timeoutMs: number) =>
      receiver
        .line((line) => line.endsWith("7") && line.length === size - 1, "a packet", timeoutMs)
        .then(
          () => true,
          () => false,
        );
    if (await arrived(patienceMs)) return "arrives";
    return (await send()) ? "told" : "lost";
  } finally {
    await receiver.stop();
  }
}

/** Bytes that nobody has sent before, over one TCP connection. @returns whether they arrive as they were */
export async function transfers(
  host: Host,
  from: Namespace,
  { to, address }: { readonly to: Namespace; readonly address: string },
  megabytes: number,
): Promise<boolean> {
  const port = nextPort++;
  const listen = `TCP${is6(address) ? 6 : 4}-LISTEN:${port}`;
  const sink = host.start(to, ["sh", "-c", `socat -d -d -u -b 262144 ${listen} - | sha256sum`]);
  await sink.line((line) => line.includes("listening on"), `listener at ${port}`);
  const file = `${host.dir}/transfer-${port}`;
  const whole = new Uint8Array(megabytes << 20);
  for (let i = 0; i < whole.length; i += 65_536) crypto.getRandomValues(whole.subarray(i, i + 65_536));
  await Bun.write(file, whole);
  await host.exec(from, "socat", "-u", "-b", "262144", `OPEN:${file}`, `TCP:${bracket(address)}:${port}`);
  const line = await sink.line((one) => /^[0-9a-f]{64} /.test(one), "the sum of what came");
  return line.startsWith(createHash("sha256").update(whole).digest("hex"));
}
