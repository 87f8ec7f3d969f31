/** The deeds on the real kernel, in namespaces of their own. */
import { thisMachine } from "../../lib/linux/machine.ts";
import { otherNamespace } from "../lib/linux/other-namespace.ts";
import { deeds } from "./deeds.ts";

const other = await otherNamespace();
try {
  console.log(JSON.stringify(deeds(thisMachine(), other.path)));
} finally {
  other.end();
}
