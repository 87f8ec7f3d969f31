/** Certificates for a test's etcd, by openssl. */
import { join } from "node:path";
import { runProgram } from "./run-program.ts";

/** Paths of PEM files. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly server: Identity;
  /** Without a common name: with users on, the gateway refuses each certificate that has one. */
  readonly client: Identity;
  readonly named: Identity;
}

/** @param hosts addresses that the server's certificate is good for */
export async function createCertificates(dir: string, hosts: readonly string[]): Promise<Certificates> {
  const ca = join(dir, "ca.pem");
  await openssl("ca", ["-subj", "/O=test authority"], dir);
  const signed = async (name: string, subject: string, names: string): Promise<Identity> => {
    const by = ["-CA", ca, "-CAkey", join(dir, "ca.key")];
    await openssl(name, ["-subj", subject, "-addext", `subjectAltName=${names}`, ...by], dir);
    return { ca, cert: join(dir, `${name}.pem`), key: join(dir, `${name}.key`) };
  };
  const [server, client, named] = await Promise.all([
    signed("server", "/O=etcd", hosts.map((host) => `IP:${host}`).join(",")),
    signed("client", "/O=vswitch", "DNS:node.test"),
    signed("named", "/O=vswitch/CN=node", "DNS:node.test"),
  ]);
  return { server, client, named };
}

async function openssl(name: string, words: readonly string[], dir: string): Promise<void> {
  const files = ["-keyout", join(dir, `${name}.key`), "-out", join(dir, `${name}.pem`)];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const command = ["openssl", "req", "-x509", ...key, "-days", "2", ...files, ...words];
  const done = await runProgram(command);
  if (done.exitCode !== 0) throw new Error(`openssl: ${done.stderr}`);
}
