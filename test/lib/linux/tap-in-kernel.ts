/** Prints whom taps that this script has made let open them. Run by tap.test.ts. */
import { spawnSync } from "node:child_process";
import { createTap } from "../../../lib/linux/vm/create-tap.ts";

const format = { multiQueue: false, vnetHeader: true };
createTap({ ...format, name: "nobody" });
createTap({ ...format, name: "user", owner: 107 });
createTap({ ...format, name: "group", group: 36 });
const { stdout } = spawnSync("ip", ["-j", "-d", "link", "show", "type", "tun"], {
  encoding: "utf8",
});
const links = JSON.parse(stdout) as { ifname: string; linkinfo: { info_data: Record<string, unknown> } }[];
console.log(
  JSON.stringify(
    links.map(({ ifname, linkinfo: { info_data: data } }) => ({
      ifname,
      user: data.user,
      group: data.group,
    })),
  ),
);
