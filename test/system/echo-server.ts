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
    socket.send(answer(peer.address, peer.port, address, data.toString("utf8")), peer.port, peer.address);
  });
  socket.bind(Number(port), address, ready);
} else {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => {
      const { remoteAddress = "", remotePort = 0, localAddress = "" } = socket;
      socket.write(answer(remoteAddress, remotePort, localAddress, data.toString("utf8")));
    });
  });
  server.listen(Number(port), address, ready);
}

function answer(from: string, fromPort: number, at: string, data: string): string {
  const plain = (address: string) => address.replace(/^::ffff:/, "");
  return `${JSON.stringify({ from: plain(from), fromPort, at: plain(at), data: data.trimEnd() })}\n`;
}
