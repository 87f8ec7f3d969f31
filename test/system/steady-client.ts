/**
 * One TCP connection to an echo server that is hardly ever idle: `bun steady-client.ts ADDRESS PORT [SOURCE]`.
 * Prints "open" when it is there; at SIGTERM, or when the connection is lost, what it has seen, as a line of JSON.
 *
 * By Bun's own sockets, for the reason that echo-client.ts gives.
 */
import { writeSync } from "node:fs";

/** Between an answer and the next question, ms. Asking without one took a sixth of a processor from what is watched. */
const pause = 5;

const [hostname = "::1", port = "0"] = process.argv.slice(2);
const seen = { answers: 0, longestMs: 0, lost: "" };
let answered = performance.now();

/** The pause is part of a silence. */
const note = (): void => {
  const now = performance.now();
  seen.longestMs = Math.max(seen.longestMs, now - answered);
  answered = now;
};
const tell = (): never => {
  note();
  writeSync(1, `${JSON.stringify(seen)}\n`);
  process.exit(0);
};
const lost = (why: string): never => {
  seen.lost = why;
  return tell();
};
process.on("SIGTERM", tell);
await Bun.connect({
  hostname,
  port: Number(port),
  socket: {
    open: (socket) => {
      writeSync(1, "open\n");
      answered = performance.now();
      socket.setNoDelay(true);
      socket.write("ping\n");
    },
    data: (socket) => {
      seen.answers++;
      note();
      setTimeout(() => socket.write("ping\n"), pause);
    },
    end: () => lost("closed by the other end"),
    error: (_socket, error) => lost(error.message),
    connectError: (_socket, error) => lost(error.message),
    close: (_socket, error) => lost(error?.message ?? "closed"),
  },
}).catch((error: Error) => lost(error.message));
