/** Our CNI plugins; those that are not in this build are there under their names, too, and say so. */
export const pluginNames: readonly string[] = ["nat", "transparent", "overlay", "ipam"];
