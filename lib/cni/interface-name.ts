/** Names that an interface can have. */

/** IFNAMSIZ of linux/if.h less the closing zero. */
const longestBytes = 15;

/** A character has at most three bytes for each of its units, so most names need no counting. */
const isTooLong = (name: string): boolean =>
  name.length * 3 > longestBytes && new TextEncoder().encode(name).length > longestBytes;

/** What is wrong with a name that is not empty (CNI 1.1 "CNI_IFNAME", and names that mean something else to Linux). */
export function interfaceNameFault(name: string): string | undefined {
  if (isTooLong(name)) return `is longer than ${longestBytes} bytes`;
  if (name === "." || name === "..") return "is not a name";
  if (/[/:%\s\u0085]/.test(name)) return "must not hold a blank or any of / : %";
  // The kernel would take a name for its end where there is a zero, and a terminal the others for commands.
  if (/\p{Cc}/u.test(name)) return "must not hold a control character";
  // /proc/sys/net/*/conf/all and default are settings of every interface.
  if (name === "all" || name === "default") return "is reserved by the kernel";
  return undefined;
}
