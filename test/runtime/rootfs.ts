/** A root file system for containers, made from the machine's static busybox alone. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The static busybox of Debian's `busybox-static`. */
export const busybox = "/bin/busybox";

/** TCP port at which a container's web server listens. */
export const webPort = 8080;

/** Answers "HOSTNAME CLIENT_ADDRESS": who was reached, and whom it saw. */
const whoScript = `#!/bin/sh
echo "Content-Type: text/plain"
echo
echo "$(hostname) $REMOTE_ADDR"
`;

const files: readonly (readonly [path: string, text: string])[] = [
  ["etc/passwd", "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"],
  ["etc/group", "root:x:0:\nnogroup:x:65534:\n"],
  ["etc/resolv.conf", ""],
  ["www/cgi-bin/who", whoScript],
];

/** Command of a container that stays and answers `http://ADDRESS:webPort/cgi-bin/who`. */
export const webServer = ["/bin/httpd", "-f", "-p", `${webPort}`, "-h", "/www"] as const;

/** Says why no root file system can be made here, or undefined. */
export function whyNoRootfs(): string | undefined {
  return existsSync(busybox) ? undefined : `${busybox} is not installed (Debian: busybox-static)`;
}

/** Makes the root file system in an empty folder. */
export function makeRootfs(folder: string): void {
  for (const name of ["bin", "etc", "proc", "sys", "dev", "run", "tmp", "www/cgi-bin"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  copyFileSync(busybox, join(folder, "bin/busybox"));
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).split("\n");
  for (const applet of applets.filter((name) => name !== "" && name !== "busybox")) {
    symlinkSync("busybox", join(folder, "bin", applet));
  }
  for (const [path, text] of files) writeFileSync(join(folder, path), text);
  chmodSync(join(folder, "www/cgi-bin/who"), 0o755);
}
