/**
 * An attacker that does not wait: `bun flood.ts DEVICE HEX` sends the frame again and again, from the moment the device
 * is there and up, and goes on when it has come anew. Prints "sending" with the first frame that was taken.
 */
import { openLink } from "../oracle/raw-sockets.ts";

const [device = "", hex = ""] = process.argv.slice(2);
const frame = Uint8Array.from(Buffer.from(hex, "hex"));
let said = false;

for (;;) {
  const link = openLink(device);
  try {
    for (;;) {
      link.send(frame);
      if (!said) process.stdout.write("sending\n");
      said = true;
    }
  } catch {
    // Not there, or down.
  } finally {
    link.close();
  }
}
