/** Rules of the legacy iptables: they count as others do, but nft does not list them, and no trace of the kernel names them. */
import type { Check } from "../check.ts";
import { note } from "../finding.ts";

export const legacyIptables: Check = {
  id: "legacy-iptables",
  needs: ["kernel"],
  fine: "nft lists all firewall rules of the host",
  find: ({ probe }) => {
    const filters = probe.legacyTables.filter((table) => !table.endsWith(" nat"));
    if (filters.length === 0) return [];
    const command = (table: string): string =>
      `${table.startsWith("ip6") ? "ip6tables-legacy" : "iptables-legacy"} -t ${table.split(" ")[1]} -S`;
    return [
      note("there are tables of the legacy iptables, which nft does not list", {
        seen: filters.map((table) => `table ${table}`),
        remedy:
          "they may be empty, and foreign-firewall tells what they would drop. Look at what they say of FORWARD",
        commands: filters.map(command),
      }),
    ];
  },
};
