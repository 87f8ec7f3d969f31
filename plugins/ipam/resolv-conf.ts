/** resolv.conf(5) as DNS settings of a result. */
import { type Dns, makeDns } from "../../lib/cni/dns.ts";
import { CniError, errorCode } from "../../lib/cni/error.ts";
import { readText } from "../../lib/os/file.ts";

/** @throws {CniError} 5 when the file cannot be read */
export function readResolvConf(path: string): Dns {
  try {
    return parseResolvConf(readText(path));
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    throw new CniError(errorCode.ioFailure, `cannot read resolvConf ${path} (${String(code)})`, {
      reason: "resolv-conf-unreadable",
      details: "ipam.resolvConf names a file in the form of resolv.conf(5) on the host",
      cause,
    });
  }
}

/** Of several `domain` or `search` lines the last counts, as in the C library; the other keywords add up. */
export function parseResolvConf(text: string): Dns {
  const nameservers: string[] = [];
  const options: string[] = [];
  let search: readonly string[] = [];
  let domain: string | undefined;
  for (const line of text.split("\n")) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    const [word] = words;
    if (word === undefined) continue;
    if (keyword === "nameserver") nameservers.push(word);
    else if (keyword === "domain") domain = word;
    else if (keyword === "search") search = words;
    else if (keyword === "options") options.push(...words);
  }
  return makeDns({ nameservers, domain, search, options });
}
