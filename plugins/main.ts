/** The one executable: it is called by the name of a plugin (hard link or symlink) and becomes that plugin. */
import { exitNow } from "../lib/os/exit.ts";
import { nodeFs } from "../lib/os/file.ts";
import { plainName } from "./names.ts";

// Literal imports, so that the bundler sees them; only the one that is called is evaluated.
const plugins: Readonly<Record<string, () => Promise<{ main(): void | Promise<void> }>>> = {
  nat: () => import("./nat/main.ts"),
  ipam: () => import("./ipam/main.ts"),
  transparent: () => import("./transparent/main.ts"),
  overlay: () => import("./overlay/main.ts"),
  vswitch: () => import("./vswitch/main.ts"),
};

const name = plainName(process.argv0.slice(process.argv0.lastIndexOf("/") + 1));
const load = plugins[name];
if (load === undefined) {
  nodeFs().writeSync(
    2,
    `vswitch-cni is called by the name of a plugin (${Object.keys(plugins).join(", ")}), not "${name}"\n`,
  );
  process.exit(2);
}
await (await load()).main();
if (name !== "vswitch" && process.platform === "linux") exitNow(Number(process.exitCode ?? 0));
