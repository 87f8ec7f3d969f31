/** The PEM files of an access. */
import type { EtcdAccess } from "../directory/config.ts";
import { readText } from "../os/file.ts";
import type { TlsFiles } from "./http/connection.ts";
import { HttpFailure } from "./http/failure.ts";

/** @throws {HttpFailure} naming the file that cannot be read */
export function readTls(paths: EtcdAccess["tls"]): TlsFiles {
  const read = (path: string): string => {
    try {
      return readText(path);
    } catch (error) {
      throw new HttpFailure("broken", `TLS: ${(error as Error).message}`);
    }
  };
  const { ca, cert, key } = paths ?? {};
  return {
    ...(ca !== undefined && { ca: read(ca) }),
    ...(cert !== undefined && { cert: read(cert) }),
    ...(key !== undefined && { key: read(key) }),
  };
}
