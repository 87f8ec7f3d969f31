/**
 * A client inside a compartment: `bun echo-client.ts tcp|udp ADDRESS PORT MESSAGE TIMEOUT_MS [SOURCE_PORT]`.
 * Prints the first answer and exits 0; otherwise says why on standard error and exits 1.
 *
 * By Bun's own sockets and `writeSync`: loading node:net, node:dgram and process.stdout takes four times as long as all else.
 */
import { writeSync } from "node:fs";

const [protocol = "tcp", hostname = "", port = "0", message = "", timeoutMs = "2000", source = "0"] =
  process.argv.slice(2);

function done(code: number, text: string): never {
  writeSync(code === 0 ? 1 : 2, `${text.trimEnd()}\n`);
  process.exit(code);
}

const failed = (error: Error): never =>
  done(1, "code" in error ? `${error.code}: ${error.message}` : error.message);

setTimeout(() => done(1, `no answer in ${timeoutMs} ms`), Number(timeoutMs));

if (protocol === "udp") {
  const socket = await Bun.udpSocket({
    hostname: hostname.includes(":") ? "::" : "0.0.0.0",
    port: Number(source),
    socket: {
      data: (_socket, data) => done(0, data.toString("utf8")),
      error: (_socket, error) => failed(error),
    },
  }).catch(failed);
  try {
    socket.send(message, Number(port), hostname);
  } catch (error) {
    failed(error as Error);
  }
} else {
  await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: (socket) => void socket.write(`${message}\n`),
      data: (_socket, data) => done(0, data.toString("utf8")),
      end: () => done(1, "closed without an answer"),
      close: () => done(1, "closed without an answer"),
      error: (_socket, error) => failed(error),
      connectError: (_socket, error) => failed(error),
    },
  }).catch(failed);
}
