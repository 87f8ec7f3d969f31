/**
 * A client inside a compartment: `bun echo-client.ts tcp|udp ADDRESS PORT MESSAGE TIMEOUT_MS [SOURCE_PORT]`.
 * Prints the first answer and exits 0; otherwise says why on standard error and exits 1.
 */
import { createSocket } from "node:dgram";
import { connect } from "node:net";

const [protocol = "tcp", address = "", port = "0", message = "", timeoutMs = "2000", source = "0"] =
  process.argv.slice(2);

function done(code: number, text: string): void {
  (code === 0 ? process.stdout : process.stderr).write(`${text.trimEnd()}\n`);
  process.exit(code);
}

setTimeout(() => done(1, `no answer in ${timeoutMs} ms`), Number(timeoutMs));

if (protocol === "udp") {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  socket.on("error", (error) => done(1, error.message));
  socket.on("message", (data) => done(0, data.toString("utf8")));
  socket.bind(Number(source), () => socket.send(message, Number(port), address));
} else {
  const socket = connect({ host: address, port: Number(port) });
  socket.on("connect", () => socket.write(`${message}\n`));
  socket.on("error", (error) => done(1, error.message));
  socket.on("data", (data) => done(0, data.toString("utf8")));
  socket.on("end", () => done(1, "closed without an answer"));
}
