/** Servers and clients in the machines of the world. A server tells whom it sees: the proof of every address. */
import type { Machine } from "./world.ts";

export interface Target {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

const timeoutMs = 2000;

/** Answers every connection or packet with "NAME sees ADDRESS". */
export async function serve(machine: Machine, { protocol, address, port }: Target): Promise<void> {
  const answer = (peer: string) => `${machine.name} sees ${peer.replace(/^::ffff:/, "")}`;
  if (protocol === "tcp") {
    const open = (socket: Bun.Socket) => void socket.end(answer(socket.remoteAddress));
    machine.inside(() => Bun.listen({ hostname: address, port, socket: { open, data() {} } }));
  } else {
    const data = (socket: Bun.udp.Socket<"buffer">, _: Buffer, peerPort: number, peer: string) =>
      void socket.send(answer(peer), peerPort, peer);
    await machine.inside(() => Bun.udpSocket({ hostname: address, port, socket: { data } }));
  }
}

/** Asks a server. @returns its words, or why there are none: never throws */
export async function ask(machine: Machine, target: Target): Promise<string> {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve(`no answer in ${timeoutMs / 1000} s`), timeoutMs);
  try {
    const answer = target.protocol === "tcp" ? askTcp(machine, target) : askUdp(machine, target);
    return await Promise.race([answer, late.promise]);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ECONNREFUSED"
      ? "refused"
      : String(error);
  } finally {
    clearTimeout(timer);
  }
}

function askTcp(machine: Machine, { address, port }: Target): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  const socket: Bun.SocketHandler = {
    data: (_, chunk) => void chunks.push(Buffer.from(chunk)),
    close: () => resolve(Buffer.concat(chunks).toString() || "closed without a word"),
    connectError: (_, error) => reject(error),
    error: (_, error) => reject(error),
  };
  machine.inside(() => Bun.connect({ hostname: address, port, socket })).catch(reject);
  return promise;
}

async function askUdp(machine: Machine, { address, port }: Target): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const hostname = address.includes(":") ? "::" : "0.0.0.0";
  const socket = await machine.inside(() =>
    Bun.udpSocket({
      hostname,
      connect: { hostname: address, port },
      socket: { data: (_, answer) => resolve(answer.toString()), error: (_, error) => reject(error) },
    }),
  );
  socket.send("who am I?");
  try {
    return await promise;
  } finally {
    socket.close();
  }
}
