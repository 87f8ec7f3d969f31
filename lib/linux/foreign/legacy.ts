/** Which tables of the legacy iptables (xt tables) there are: nfnetlink shows nothing of them. */
import { isErrno } from "../../os/error.ts";
import { readText } from "../../os/file.ts";

const LISTS = { ip: "ip_tables_names", ip6: "ip6_tables_names" } as const;

/**
 * Tables of legacy iptables in the compartment of the calling thread: "ip filter". They may be empty: a table comes
 * into being by being listed. legacy-chains.ts reads what is in them.
 */
export function legacyTables(): readonly string[] {
  return Object.entries(LISTS).flatMap(([family, file]) => {
    const names = readNames(`/proc/thread-self/net/${file}`);
    return names.split("\n").flatMap((name) => (name === "" ? [] : [`${family} ${name}`]));
  });
}

/** The file is absent where the kernel has no legacy tables, and for root alone. */
function readNames(path: string): string {
  try {
    return readText(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES", "EPERM")) return "";
    throw error;
  }
}
