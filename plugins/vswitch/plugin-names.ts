/** Our CNI plugins. */
export const pluginNames = ["nat", "transparent", "overlay", "ipam"] as const;
export type PluginName = (typeof pluginNames)[number];
