/** Rules that only the legacy iptables can read: nobody else can say what they do. */
import type { Check } from "../check.ts";
import { note } from "../finding.ts";

export const legacyIptables: Check = {
  id: "legacy-iptables",
  needs: ["kernel"],
  fine: "all firewall rules of the host can be read",
  find: ({ probe }) => {
    const filters = probe.legacyTables.filter((table) => !table.endsWith(" nat"));
    if (filters.length === 0) return [];
    const command = (table: string): string =>
      `${table.startsWith("ip6") ? "ip6tables-legacy" : "iptables-legacy"} -t ${table.split(" ")[1]} -S`;
    return [
      note("there are tables of the legacy iptables, whose rules cannot be judged here", {
        seen: filters.map((table) => `table ${table}`),
        remedy: "they may be empty. Look at what they say of FORWARD",
        commands: filters.map(command),
      }),
    ];
  },
};
