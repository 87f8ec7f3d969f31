/**
 * The demo: what a container runtime does, by the built executables, in a world of its own.
 *
 * `npm run demo`, or `npm run demo -- FOLDER` for executables that are installed elsewhere.
 *
 * It starts itself again inside namespaces of its own. When that process ends, however it ends, the kernel takes
 * everything away that it made.
 */
import { join } from "node:path";
import { natAct } from "./acts/nat.ts";
import { transparentAct } from "./acts/transparent.ts";
import { enterOwnNamespaces } from "./enter.ts";
import { createReport } from "./report.ts";
import { tellStory } from "./story.ts";

const acts = [natAct, transparentAct];
const bin = join(import.meta.dirname, "../../dist/bin");

const [place, ...args] = process.argv.slice(2);
if (place === "inside") {
  const report = createReport(process.stdout);
  try {
    await tellStory(acts, report, args[0] ?? bin);
  } catch (error) {
    report.broken(error);
  }
  // Its servers would keep the process alive.
  process.exit(report.failures === 0 ? 0 : 1);
} else {
  process.exitCode = await enterOwnNamespaces(import.meta.path, process.argv.slice(2));
}
