/**
 * One TCP connection to an echo server that is never idle: `bun steady-client.ts ADDRESS PORT [SOURCE]`.
 * Prints "open" when it is there; at SIGTERM, or when the connection is lost, what it has seen, as a line of JSON.
 */
import { connect } from "node:net";

const [address = "::1", port = "0"] = process.argv.slice(2);
const seen = { answers: 0, longestMs: 0, lost: "" };
let asked = performance.now();

const tell = (): void => {
  seen.longestMs = Math.max(seen.longestMs, performance.now() - asked);
  process.stdout.write(`${JSON.stringify(seen)}\n`, () => process.exit(0));
};
const socket = connect({ host: address, port: Number(port), noDelay: true });
const ask = (): void => {
  asked = performance.now();
  socket.write("ping\n");
};
socket.on("connect", () => {
  process.stdout.write("open\n");
  ask();
});
socket.on("data", () => {
  seen.answers++;
  seen.longestMs = Math.max(seen.longestMs, performance.now() - asked);
  setTimeout(ask, 1);
});
const lost = (why: string) => (): void => {
  seen.lost = why;
  tell();
};
socket.on("error", (error) => lost(error.message)());
socket.on("end", lost("closed by the other end"));
process.on("SIGTERM", tell);
