/**
 * A server inside a compartment: `bun echo-server.ts tcp|udp ADDRESS PORT`.
 * Prints "ready" when it listens. Answers each TCP line or UDP packet with a JSON line that tells whom it saw.
 *
 * By Bun's own sockets, for the reason that echo-client.ts gives.
 */
import { writeSync } from "node:fs";

const [protocol = "tcp", hostname = "::", port = "0"] = process.argv.slice(2);

if (protocol === "udp") {
  await Bun.udpSocket({
    hostname,
    port: Number(port),
    socket: {
      data: (socket, data, peerPort, peer) => {
        socket.send(answer(peer, peerPort, hostname, data.toString("utf8")), peerPort, peer);
      },
    },
  });
} else {
  Bun.listen({
    hostname,
    port: Number(port),
    socket: {
      data: (socket, data) => {
        const { remoteAddress, remotePort, localAddress } = socket;
        socket.write(answer(remoteAddress, remotePort, localAddress, data.toString("utf8")));
      },
      error: (socket) => socket.terminate(),
    },
  });
}
writeSync(1, "ready\n");

function answer(from: string, fromPort: number, at: string, data: string): string {
  const plain = (address: string) => address.replace(/^::ffff:/, "");
  return `${JSON.stringify({ from: plain(from), fromPort, at: plain(at), data: data.trimEnd() })}\n`;
}
