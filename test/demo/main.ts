/**
 * The demo: what a container runtime does, by the built executables, in a world of its own. `npm run demo`
 *
 * It starts itself again inside namespaces of its own. When that process ends, however it ends, the kernel takes
 * everything away that it made.
 */
import { natAct } from "./acts/nat.ts";
import { enterOwnNamespaces } from "./enter.ts";
import { createReport } from "./report.ts";
import { tellStory } from "./story.ts";

const acts = [natAct];

if (process.argv[2] === "inside") {
  const report = createReport(process.stdout);
  try {
    await tellStory(acts, report);
  } catch (error) {
    report.broken(error);
  }
  // Its servers would keep the process alive.
  process.exit(report.failures === 0 ? 0 : 1);
} else {
  process.exitCode = await enterOwnNamespaces(import.meta.path);
}
