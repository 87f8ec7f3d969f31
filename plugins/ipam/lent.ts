/** What servers lent to attachments. */
import type { Store } from "../../lib/state/store.ts";
import type { IpamContext } from "./context.ts";

const onTheWire = () => require("./dhcp/dhcp.ts") as typeof import("./dhcp/dhcp.ts");

/** Of one attachment. */
export function giveBackLent(key: string, store: Store, context: IpamContext): void {
  if (context.dhcp === undefined || store.dhcp.held(key).length === 0) return;
  onTheWire().dhcpDel(key, store, context);
}
