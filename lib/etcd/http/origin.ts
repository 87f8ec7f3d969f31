/** Where an HTTP server is. */

export interface Origin {
  readonly secure: boolean;
  /** A name or an address, an IPv6 one without brackets. */
  readonly host: string;
  readonly port: number;
  /** For the `Host` header. */
  readonly authority: string;
}

/** @returns undefined for what is no `http://HOST:PORT`: other schemes, paths, passwords in it */
export function parseOrigin(text: string): Origin | undefined {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return undefined;
  const { hostname, username, password, pathname, search, hash } = url;
  if (hostname === "" || username + password + search + hash !== "" || pathname !== "/") return undefined;
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  return { secure, host: hostname.replace(/^\[(.*)\]$/, "$1"), port, authority: url.host };
}
