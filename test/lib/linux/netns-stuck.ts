/** Enters a compartment; run where the second setns, the way back, fails. */
import { openCompartment } from "../../../lib/linux/netns.ts";
import { otherNamespace } from "./other-namespace.ts";

const other = await otherNamespace();
process.on("exit", () => other.end());
try {
  openCompartment(other.path);
  console.log("went on");
} catch {
  console.log("went on");
} finally {
  console.log("went on");
}
