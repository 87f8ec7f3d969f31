/**
 * The demo: what a container runtime does, by the built executables, in a world of its own.
 *
 * `npm run demo`, or `npm run demo -- FOLDER` for executables that are installed elsewhere.
 *
 * It starts itself again inside namespaces of its own. When that process ends, however it ends, the kernel takes
 * everything away that it made.
 */
import { join } from "node:path";
import { whyNoVm } from "../vm/requirements.ts";
import { guestAct, guestPrograms } from "./acts/guest.ts";
import { hostsAct, hostsPrograms } from "./acts/hosts.ts";
import { natAct } from "./acts/nat.ts";
import { transparentAct } from "./acts/transparent.ts";
import { enterOwnNamespaces } from "./enter.ts";
import { createReport } from "./report.ts";
import { tellStory } from "./story.ts";

/** Worlds of their own, by the word that starts them. A monitor is a program, and of those the first world has none. */
const worlds = {
  inside: { acts: [natAct, transparentAct], programs: "hidden" },
  guest: { acts: [guestAct], programs: "there" },
  hosts: { acts: [hostsAct], programs: "there" },
} as const;
const bin = join(import.meta.dirname, "../../dist/bin");

const [place = "", ...args] = process.argv.slice(2);
if (place === "inside" || place === "guest" || place === "hosts") {
  const { acts, programs } = worlds[place];
  const report = createReport(process.stdout);
  try {
    await tellStory(acts, report, args[0] ?? bin, programs);
  } catch (error) {
    report.broken(error);
  }
  // Its servers would keep the process alive.
  process.exit(report.failures === 0 ? 0 : 1);
} else {
  const all = process.argv.slice(2);
  const first = await enterOwnNamespaces(import.meta.path, "inside", all);
  const why = whyNoVm(guestPrograms);
  if (why !== undefined) process.stdout.write(`\nThe act of a utility VM is skipped: ${why}.\n`);
  const second =
    first === 0 && why === undefined ? await enterOwnNamespaces(import.meta.path, "guest", all) : 0;
  const whyNoHosts = whyNoPrograms(hostsPrograms);
  if (whyNoHosts !== undefined) process.stdout.write(`\nThe act of two hosts is skipped: ${whyNoHosts}.\n`);
  const third =
    first === 0 && whyNoHosts === undefined ? await enterOwnNamespaces(import.meta.path, "hosts", all) : 0;
  process.exitCode = first || second || third;
}

function whyNoPrograms(names: readonly string[]): string | undefined {
  const missing = names.find((name) => Bun.which(name, { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" }) === null);
  return missing === undefined ? undefined : `the program ${missing} is not installed`;
}
