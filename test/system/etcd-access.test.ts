import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { absent } from "../../lib/etcd/conditions.ts";
import type { Etcd } from "../../lib/etcd/etcd.ts";
import { nextRevision } from "../../lib/etcd/revision.ts";
import { createCertificates } from "./etcd-certificates.ts";
import { type EtcdLab, startEtcd, whyNoEtcd } from "./etcd-lab.ts";
import { nodePrefix } from "./etcd-post.ts";
import { collect, failureOf, nameOf, until } from "./etcd-watching.ts";
import { withinNamespace } from "./namespaces.ts";

const reason = whyNoEtcd();
const key = `${nodePrefix}nodes/a`;
const put = (client: Etcd, name = key) => client.txn([], [{ kind: "put", key: name, value: "" }]);
const base64 = (text: string) => Buffer.from(text).toString("base64");

describe.skipIf(reason !== undefined)(
  `etcd with users and certificates${reason ? ` (${reason})` : ""}`,
  () => {
    let lab: EtcdLab;
    beforeAll(async () => {
      lab = await startEtcd({ tls: true, auth: true });
    });
    afterAll(() => lab?.close());

    it("lets in who has a certificate without a common name and a password, over one connection", async () => {
      let opened = 0;
      const client = lab.client({
        within(act) {
          opened++;
          return withinNamespace(lab.ns, act);
        },
      });
      await put(client);
      for (let i = 0; i < 5; i++) expect((await client.range({ key })).count).toBe(1);
      expect(opened).toBe(1);
    });

    it("refuses a certificate with a common name, in its own words", async () => {
      if (lab.named === undefined) throw new Error("there are no certificates");
      const client = lab.client({}, { tls: lab.named });
      expect(await failureOf(client.range({ key }))).toMatchObject({
        kind: "refused",
        why: expect.stringMatching(/^CommonName of client sending a request against gateway/),
      });
    });

    it("refuses who has no certificate, or one of another authority", async () => {
      const { tls } = lab.access();
      const others = await createCertificates(await subfolder(lab, "others"), ["127.0.0.1"]);
      const none = lab.client({}, { tls: { ca: tls?.ca ?? "" } });
      const foreign = lab.client({}, { tls: { ...others.client, ca: tls?.ca ?? "" } });
      for (const client of [none, foreign])
        expect(await failureOf(client.range({ key }))).toMatchObject({
          kind: "unreachable",
          outcome: "none",
        });
    });

    it("is itself refused when another authority signed it, or for another name", async () => {
      const others = await createCertificates(await subfolder(lab, "foreign"), ["127.0.0.1"]);
      const { tls, endpoints } = lab.access();
      const foreign = lab.client({}, { tls: { ...tls, ca: others.client.ca } });
      expect(await failureOf(foreign.range({ key }))).toMatchObject({
        kind: "unreachable",
        why: expect.stringMatching(/^TLS: /),
      });
      const renamed = endpoints.map((endpoint) => endpoint.replace("127.0.0.1", "localhost"));
      expect(await failureOf(lab.client({}, { endpoints: renamed }).range({ key }))).toMatchObject({
        kind: "unreachable",
        why: expect.stringMatching(/^TLS: Hostname\/IP does not match/),
      });
    });

    it("says which file of a certificate is wrong, and nothing of what is in it", async () => {
      const { tls } = lab.access();
      const missing = lab.client({}, { tls: { ...tls, key: "/nowhere/key.pem" } });
      expect((await failureOf(missing.range({ key }))).why).toBe("TLS: open /nowhere/key.pem: ENOENT");
      const file = join(lab.dir, "garbage.pem");
      writeFileSync(file, "-----BEGIN PRIVATE KEY-----\nVERYSECRETVERYSECRET\n-----END PRIVATE KEY-----\n");
      const garbage = await failureOf(lab.client({}, { tls: { ...tls, key: file } }).range({ key }));
      expect(garbage).toMatchObject({ kind: "unreachable", outcome: "none" });
      expect(tell(garbage)).not.toContain("VERYSECRET");
      // A certificate and a key that do not belong together.
      const mixed = lab.client({}, { tls: { ...tls, key: join(lab.dir, "named.key") } });
      const descriptors = () => readdirSync("/proc/self/fd").length;
      const before = descriptors();
      for (let i = 0; i < 20; i++)
        expect(await failureOf(mixed.range({ key }))).toMatchObject({ kind: "unreachable" });
      expect(descriptors()).toBeLessThan(before + 10);
    });

    it("refuses what the user may not, a watch too, which goes on trying", async () => {
      const client = lab.client();
      // One after the other: one that fails while another is waited for is nobody's.
      const calls = [
        () => put(client, "/other"),
        () => client.list("/other"),
        () => client.range({ key: "/other" }),
      ];
      for (const call of calls)
        expect(await failureOf(call())).toMatchObject({
          kind: "refused",
          outcome: "none",
          why: "etcdserver: permission denied",
        });
      const watch = collect();
      const handle = client.watch("/other", "1", watch);
      await until(() => watch.told).toEqual(["down refused", "down refused"]);
      handle.close();
    });

    it("refuses a wrong password, and the error does not tell it", async () => {
      const passwordFile = join(lab.dir, "wrong");
      writeFileSync(passwordFile, "guessed-it");
      for (const user of [
        { name: "node", passwordFile },
        { name: "nobody", passwordFile },
      ]) {
        const error = await failureOf(put(lab.client({}, { user })));
        expect(error).toMatchObject({ kind: "refused", outcome: "none" });
        expect(tell(error)).not.toMatch(/guessed|ode.?secret/);
      }
    });

    it("takes a client along that logged in before the users were changed, and before it was started anew", async () => {
      const client = lab.client();
      const watch = collect();
      client.watch(nodePrefix, nextRevision((await client.list(nodePrefix)).revision), watch);
      const silent = lab.client();
      const alone = collect();
      silent.watch(nodePrefix, nextRevision((await silent.list(nodePrefix)).revision), alone);
      await until(() => [watch.told, alone.told]).toEqual([["up"], ["up"]]);
      await lab.post(0, "/auth/role/add", { name: "more" });
      await lab.post(0, "/auth/role/grant", {
        name: "more",
        perm: { permType: "READ", key: base64("/more") },
      });
      await lab.post(0, "/auth/user/grant", { user: "node", role: "more" });
      expect((await client.range({ key: "/more" })).count).toBe(0);
      await put(client, `${nodePrefix}1`);
      await lab.kill(0);
      await lab.start(0);
      const next = `${nodePrefix}2`;
      expect(await client.txn([absent(next)], [{ kind: "put", key: next, value: "" }])).toMatchObject({
        succeeded: true,
      });
      for (const one of [watch, alone])
        await until(() => one.events.map(nameOf)).toEqual([`${nodePrefix}1`, next]);
      const { id } = await client.grantLease(60);
      await client.put(`${nodePrefix}alive`, "", id);
      expect(await client.keepAlive(id)).toEqual({ alive: true, ttlS: 60 });
      await client.revokeLease(id);
    });
  },
);

const tell = (error: Error): string =>
  `${JSON.stringify(error)} ${error.message} ${error.stack} ${error.cause}`;

async function subfolder({ dir }: EtcdLab, name: string): Promise<string> {
  const path = join(dir, name);
  await Bun.write(join(path, ".keep"), "");
  return path;
}
