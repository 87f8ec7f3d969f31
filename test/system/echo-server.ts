/**
 * A server inside a compartment: `bun echo-server.ts tcp|udp ADDRESS PORT`.
 * Prints "ready" when it listens. Answers each TCP line or UDP packet with a JSON line that tells whom it saw.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";

const [protocol = "tcp", address = "::", port = "0"] = process.argv.slice(2);
const ready = () => process.stdout.write("ready\n");

if (protocol === "udp") {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("message", (data, peer) => {
    socket.send(answer(peer.address, peer.port, data.toString("utf8")), peer.port, peer.address);
  });
  socket.bind(Number(port), address, ready);
} else {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      socket.write(answer(socket.remoteAddress ?? "", socket.remotePort ?? 0, data.toString("utf8")));
    });
  });
  server.listen(Number(port), address, ready);
}

function answer(from: string, fromPort: number, data: string): string {
  return `${JSON.stringify({ from: from.replace(/^::ffff:/, ""), fromPort, data: data.trimEnd() })}\n`;
}
