/** Programs of this machine with the shared libraries they need, to be put into a test machine. */
import { execFileSync, spawnSync } from "node:child_process";
import { toolPath } from "../system/run-program.ts";
import type { TreeEntry } from "./tree.ts";

/** In every test machine, beside the static busybox. */
export const baseProgramNames: readonly string[] = [
  ...["ip", "bridge", "tc", "nft"],
  // Those of busybox start its own `ip` and others, whatever PATH says.
  ...["dash", "env", "nsenter", "setsid", "timeout"],
];

/** Debian's `busybox-static`. */
export const busybox = "/bin/busybox";

/** The files of programs (names or paths) and of all their libraries. @throws with the name of one that is missing */
export function programEntries(names: readonly string[]): readonly TreeEntry[] {
  const paths = names.map((name) => {
    const path = name.startsWith("/") ? name : Bun.which(name, { PATH: toolPath });
    if (path === null) throw new Error(`the program ${name}, wanted in a test machine, is not installed`);
    return path;
  });
  return [...new Set([...paths, ...librariesOf(paths)])].map((path) => ({
    kind: "file",
    paths: [merged(path)],
    content: { from: path },
  }));
}

/** Paths of the shared libraries that the dynamic linker would load for these executables, itself included. */
export function librariesOf(executables: readonly string[]): readonly string[] {
  if (executables.length === 0) return [];
  // Its exit code is 1 when one of them is a static executable, which needs none.
  const { stdout: text, stderr } = spawnSync("ldd", executables, {
    encoding: "utf8",
    env: { PATH: toolPath },
  });
  const complaint = stderr.replaceAll(/^\s*not a dynamic executable$/gm, "").trim();
  if (complaint !== "") throw new Error(`libraries of ${executables.join(" ")}: ${complaint}`);
  const missing = /^\s*(\S+) => not found$/m.exec(text)?.[1];
  if (missing !== undefined) throw new Error(`${executables.join(" ")}: the library ${missing} is missing`);
  return [...new Set([...text.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map((match) => match[1] ?? ""))];
}

/** The static busybox under the name of each of its commands that no program of its own stands for. */
export function busyboxEntries(taken: readonly TreeEntry[]): readonly TreeEntry[] {
  const names = new Set(taken.flatMap((entry) => (entry.kind === "file" ? entry.paths : [entry.path])));
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).split("\n");
  const free = applets
    .filter((applet) => !["", "busybox", "sh"].includes(applet))
    .filter((applet) => !names.has(`/usr/bin/${applet}`) && !names.has(`/usr/sbin/${applet}`))
    .map((applet) => `/usr/bin/${applet}`);
  // The last is the name by which the kernel asks for a module.
  const paths = ["/usr/bin/busybox", ...free, "/usr/sbin/modprobe"];
  return [
    { kind: "file", paths, content: { from: busybox } },
    { kind: "link", path: "/usr/bin/sh", target: "dash" },
  ];
}

/** Debian keeps /bin, /sbin and /lib below /usr, and so does a test machine. */
function merged(path: string): string {
  return path.replace(/^\/(bin|sbin|lib|lib64)\//, "/usr/$1/");
}
