/** Whether runtimes find the plugins that configurations name. */
import type { Check } from "../check.ts";
import { cniFiles, oursOf, typesOf } from "../cni-files.ts";
import { error, note } from "../finding.ts";

export const pluginFolders: Check = {
  id: "plugin-folders",
  needs: [],
  fine: "runtimes find our plugins",
  find({ files, confDir, binDirs }) {
    const named = cniFiles(files, confDir).flatMap(({ plugins }) => plugins.flatMap(typesOf));
    const wanted = [...new Set(named.filter((type) => oursOf(type) !== undefined))];
    const found = (type: string): boolean =>
      binDirs.some((folder) => files.stat(`${folder}/${type}`)?.executable === true);
    const missing = wanted.filter((type) => !found(type));
    if (wanted.length === 0) {
      return [
        note(`no configuration in ${confDir} names our plugins`, {
          remedy: "conf-examples has one for each runtime (podman and nerdctl may keep theirs elsewhere)",
        }),
      ];
    }
    if (missing.length === 0) return [];
    const [folder = "/opt/cni/bin"] = binDirs;
    const prefixed = missing.some((type) => type.startsWith("vswitch-"));
    return [
      error(
        `the runtime will not find the ${missing.length === 1 ? "plugin" : "plugins"} ${missing.join(", ")}`,
        {
          seen: [`not in ${binDirs.join(", ")}`],
          remedy: "install them into the folder that the runtime is told of (containerd: bin_dir)",
          commands: [`vswitch install --bin-dir ${folder}${prefixed ? " --names both" : ""}`],
        },
      ),
    ];
  },
};
