/** The names by which the one executable is called. */

/** Windows' plugins for overlay networks: configurations that name them are taken as they are. */
const others: Readonly<Record<string, string>> = { sdnoverlay: "overlay", "win-overlay": "overlay" };

/**
 * `nat` of `nat`, of its alias `vswitch-nat` for folders shared with other plugins, and of `NAT` as HCN spells it.
 *
 * @param called a plugin's `type`, or the last part of a path
 * @returns the plugin's own name, where there is one; else as it was called
 */
export function plainName(called: string): string {
  const name = called.replace(/^vswitch-(?=.)/, "").toLowerCase();
  return Object.hasOwn(others, name) ? (others[name] as string) : name;
}
