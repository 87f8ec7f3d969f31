/** Starts QEMU and waits, so that a test can kill this process and see what becomes of QEMU. */
import { startQemu } from "./qemu.ts";

const qemu = startQemu(["-M", "none", "-nodefaults", "-display", "none"]);
process.stdout.write(`${qemu.pid}\n`);
setInterval(() => {}, 1_000);
