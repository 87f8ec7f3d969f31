import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { absent } from "../../../lib/etcd/conditions.ts";
import { EtcdError } from "../../../lib/etcd/error.ts";
import type { Etcd } from "../../../lib/etcd/etcd.ts";
import { type EtcdOptions, openEtcd } from "../../../lib/etcd/open.ts";
import { createFolder } from "../../system/namespaces.ts";
import { emptyStore, type FakeHandler, type FakeServer, fakeServer, header, refusal } from "./fake-server.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function serve(handle: FakeHandler): FakeServer {
  const server = fakeServer(handle);
  open.push({ close: () => server[Symbol.dispose]() });
  return server;
}

/** Its first endpoint is the first one to be asked. */
function clientOf(servers: readonly (FakeServer | string)[], options: EtcdOptions = {}): Etcd {
  const endpoints = servers.map((server) => (typeof server === "string" ? server : server.endpoint));
  const client = openEtcd({ endpoints }, { random: () => 0, timeoutMs: 300, ...options });
  open.push(client);
  return client;
}

async function failureOf(call: Promise<unknown>): Promise<EtcdError> {
  const error = await call.then(
    () => new Error("it did not fail"),
    (thrown) => thrown,
  );
  if (error instanceof EtcdError) return error;
  throw error;
}

const write = (client: Etcd) => client.txn([absent("/a")], [{ kind: "put", key: "/a", value: "1" }]);
/** Nobody listens there. */
const nowhere = "http://127.0.0.1:9";

describe("a call", () => {
  it("asks for a leader, save where any state will do", async () => {
    const server = serve(emptyStore());
    const client = clientOf([server]);
    await client.range({ key: "/a" });
    await client.range({ key: "/a" }, { serializable: true });
    await write(client);
    expect(server.requests.map(({ headers }) => headers["grpc-metadata-hasleader"])).toEqual([
      "true",
      undefined,
      "true",
    ]);
  });

  it("uses its connection again, and another one beside it when there are two at once", async () => {
    const server = serve(emptyStore());
    const client = clientOf([server]);
    for (let i = 0; i < 5; i++) await client.range({ key: "/a" });
    expect(server.open).toBe(1);
    await Promise.all([client.range({ key: "/a" }), client.range({ key: "/b" })]);
    expect(server.open).toBe(2);
  });

  it("that reads goes to the next endpoint, which stays, when the first is gone, slow, leaderless or no etcd", async () => {
    const log: string[] = [];
    const good = serve(emptyStore(7));
    const bad: readonly (FakeServer | string)[] = [
      nowhere,
      serve(() => {}),
      serve((_, reply) => reply.json(refusal(14, "etcdserver: no leader"), 503)),
      serve((_, reply) => reply.json(refusal(2, "context deadline exceeded"), 500)),
      serve((_, reply) => reply.raw("SSH-2.0-OpenSSH_9.2\r\n")),
      serve((_, reply) => reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>")),
      serve((_, reply) => reply.json({ hello: "world" })),
      serve(
        (_, reply) =>
          (reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as undefined) ?? reply.end(),
      ),
      serve((_, reply) => reply.end()),
    ];
    for (const one of bad) {
      const client = clientOf([one, good], { log: (line) => log.push(line) });
      expect(await client.range({ key: "/a" })).toEqual({ kvs: [], revision: "7", count: 0 });
      expect(client.endpoint).toBe(good.endpoint);
    }
    expect(log).toHaveLength(bad.length);
    expect(log[0]).toMatch(
      /^etcd: read \/a at http:\/\/127.0.0.1:9: connect: ECONNREFUSED; the next one is http/,
    );
  });

  it("that reads fails with the last one's words when all have failed, each asked once", async () => {
    const slow = serve(() => {});
    const error = await failureOf(clientOf([nowhere, slow]).range({ key: "/a" }));
    expect(error).toMatchObject({ kind: "timeout", endpoint: slow.endpoint, outcome: "none" });
    expect(error.message).toBe(`read /a at ${slow.endpoint}: no answer in 300 ms`);
    expect(slow.requests).toHaveLength(1);
  });

  it("does not ask another endpoint about what etcd has decided", async () => {
    const other = serve(emptyStore());
    const denied = serve((_, reply) => reply.json(refusal(7, "etcdserver: permission denied"), 403));
    const error = await failureOf(clientOf([denied, other]).range({ key: "/a" }));
    expect(error).toMatchObject({ kind: "refused", why: "etcdserver: permission denied" });
    expect(other.requests).toHaveLength(0);
  });
});

describe("a write", () => {
  it("goes to the next endpoint while it is certain that nothing was done", async () => {
    const leaderless = serve((_, reply) => reply.json(refusal(14, "etcdserver: no leader"), 503));
    const good = serve(emptyStore(7));
    expect(await write(clientOf([nowhere, leaderless, good]))).toMatchObject({ revision: "7" });
    expect(good.requests).toHaveLength(1);
  });

  it.each<[string, string, FakeHandler]>([
    ["timeout", "no answer comes", () => {}],
    ["unreachable", "the connection ends", (_, reply) => reply.end()],
    [
      "unreachable",
      "half an answer comes",
      (_, reply) => {
        reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
        reply.end();
      },
    ],
    ["unreachable", "the answer is garbage", (_, reply) => reply.json({ header: { revision: "x" } })],
    [
      "unreachable",
      "a proxy answers",
      (_, reply) => reply.raw("HTTP/1.1 504 X\r\nContent-Length: 0\r\n\r\n"),
    ],
    [
      "noLeader",
      "the leader changes",
      (_, reply) => reply.json(refusal(14, "etcdserver: leader changed"), 503),
    ],
    [
      "timeout",
      "there is no quorum",
      (_, reply) => reply.json(refusal(14, "etcdserver: request timed out"), 503),
    ],
    [
      "timeout",
      "the member gives up",
      (_, reply) => reply.json(refusal(2, "context deadline exceeded"), 500),
    ],
  ])("has an unknown outcome (%s) when %s, and is never done again", async (kind, _, handle) => {
    const [bad, good] = [serve(handle), serve(emptyStore())];
    const client = clientOf([bad, good]);
    const error = await failureOf(write(client));
    expect(error).toMatchObject({ kind, outcome: "unknown", endpoint: bad.endpoint, doing: "write /a" });
    expect(error.message).toMatch(/ \(whether it was done is not known\)$/);
    expect([bad.requests.length, good.requests.length]).toEqual([1, 0]);
    // The next call asks who may know better.
    expect(client.endpoint).toBe(good.endpoint);
  });

  it("that etcd refuses was not done", async () => {
    const server = serve((_, reply) =>
      reply.json(refusal(3, "etcdserver: duplicate key given in txn request"), 400),
    );
    expect(await failureOf(write(clientOf([server])))).toMatchObject({ kind: "other", outcome: "none" });
  });

  it("of more than 128 operations, or with a key that is none, is not sent", async () => {
    const server = serve(emptyStore());
    const client = clientOf([server]);
    const puts = Array.from({ length: 129 }, (_, i) => ({ kind: "put", key: `/a${i}`, value: "" }) as const);
    expect(await failureOf(client.txn([], puts))).toMatchObject({ kind: "tooLarge", outcome: "none" });
    for (const key of ["", "/a\nb", "/\ud800"])
      expect(await failureOf(client.deleteKey(key))).toMatchObject({ kind: "other", outcome: "none" });
    expect(await failureOf(client.range({ prefix: "" }))).toMatchObject({ kind: "other" });
    expect(server.requests).toHaveLength(0);
  });

  it("of some MiB arrives whole", async () => {
    const server = serve(emptyStore());
    const value = "é".repeat(1_000_000);
    const client = clientOf([server], { timeoutMs: 5000 });
    await client.txn([absent("/a")], [{ kind: "put", key: "/a", value }]);
    const [put] = (server.requests[0]?.body.success ?? []) as { request_put: { value: string } }[];
    expect(Buffer.from(put?.request_put.value ?? "", "base64").toString() === value).toBe(true);
  });
});

describe("an answer", () => {
  it("that is too large is not read to its end", async () => {
    const size = 65 * 1024 * 1024;
    const declared = serve((_, reply) => reply.raw(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n{`));
    const error = await failureOf(clientOf([declared]).range({ key: "/a" }));
    expect(error).toMatchObject({ kind: "tooLarge", why: "the answer is larger than 67108864 bytes" });
    await expect.poll(() => declared.open).toBe(0);
  });

  it("of a listing that is too large is asked for in smaller pages", async () => {
    const kv = (i: number) => ({ key: Buffer.from(`/a/${i}`).toString("base64"), mod_revision: "1" });
    const server = serve(({ body }, reply) => {
      const limit = Number(body.limit);
      if (limit > 1000)
        return reply.json(refusal(8, "grpc: received message larger than max (5 vs. 4)"), 429);
      const from = Buffer.from(String(body.key), "base64").toString();
      const start = from === "/a/" ? 0 : Number(from.slice(3, -1)) + 1;
      const kvs = [kv(start), kv(start + 1)].slice(0, 5 - start);
      reply.json({ ...header(9), kvs, count: "5", more: start + 2 < 5 });
    });
    const { kvs, revision } = await clientOf([server]).list("/a/");
    expect([kvs.map(({ key }) => key), revision]).toEqual([["/a/0", "/a/1", "/a/2", "/a/3", "/a/4"], "9"]);
    expect(server.requests.map(({ body }) => [body.limit, body.revision])).toEqual([
      ["2500", undefined],
      ["625", undefined],
      ["625", "9"],
      ["625", "9"],
    ]);
  });

  it("of a listing that meets a compaction is given up for a new listing, three times at most", async () => {
    const server = serve(({ body, number }, reply) =>
      body.revision === undefined
        ? reply.json({ ...header(number + 10), kvs: [{ key: "L2E=" }], count: "2", more: true })
        : reply.json(refusal(11, "etcdserver: mvcc: required revision has been compacted"), 400),
    );
    expect(await failureOf(clientOf([server]).list("/a"))).toMatchObject({ kind: "compacted" });
    expect(server.requests.map(({ body }) => body.revision)).toEqual([
      ...[undefined, "10"],
      ...[undefined, "12"],
      ...[undefined, "14"],
    ]);
  });
});

describe("a password", () => {
  const secret = 's3cret "quoted" é';
  const withUser = (server: FakeServer, password = `${secret}\n`): Etcd => {
    const dir = createFolder("etcd-user");
    const passwordFile = join(dir, "password");
    writeFileSync(passwordFile, password);
    const user = { name: "node", passwordFile };
    const client = openEtcd({ endpoints: [server.endpoint], user }, { timeoutMs: 300 });
    open.push(client);
    return client;
  };

  it("gives a token, once for all calls, and anew when the member knows it no longer", async () => {
    let token = "first.1";
    const server = serve(({ path, body, headers }, reply) => {
      if (path === "/v3/auth/authenticate") return reply.json({ ...header(1), token });
      if (headers.authorization !== token)
        return reply.json(refusal(16, "etcdserver: invalid auth token"), 401);
      emptyStore()({ path, body, headers, number: 0 }, reply);
    });
    const client = withUser(server);
    await Promise.all([client.range({ key: "/a" }), client.range({ key: "/b" })]);
    await client.range({ key: "/c" });
    const logins = () => server.requests.filter(({ path }) => path === "/v3/auth/authenticate");
    expect(logins().map(({ body }) => body)).toEqual([{ name: "node", password: secret }]);
    token = "second.2";
    // Also a write: it was not done.
    await write(client);
    expect(logins()).toHaveLength(2);
  });

  it("that does not help is tried once more and no oftener", async () => {
    const server = serve(({ path }, reply) =>
      path === "/v3/auth/authenticate"
        ? reply.json({ ...header(1), token: "t.1" })
        : reply.json(refusal(16, "etcdserver: invalid auth token"), 401),
    );
    expect(await failureOf(withUser(server).range({ key: "/a" }))).toMatchObject({ kind: "refused" });
    expect(server.requests).toHaveLength(4);
  });

  it("is not needed where no users are", async () => {
    const server = serve(({ path, ...rest }, reply) =>
      path === "/v3/auth/authenticate"
        ? reply.json(refusal(9, "etcdserver: authentication is not enabled"), 412)
        : emptyStore()({ path, ...rest }, reply),
    );
    expect(await withUser(server).range({ key: "/a" })).toMatchObject({ revision: "1" });
  });

  it("a token or their like never come back in an error, whatever the server says", async () => {
    const echo =
      (status: number): FakeHandler =>
      ({ body, headers }, reply) =>
        reply.json(
          { ...refusal(3, `bad: ${JSON.stringify(body)} ${body.password} ${headers.authorization}`) },
          status,
        );
    const padded: FakeHandler = ({ body }, reply) =>
      reply.json(refusal(3, `${"x".repeat(190)}${body.password}`), 400);
    const token = "token.that.nobody.may.see.1";
    const loggedIn: FakeHandler = (request, reply) =>
      request.path === "/v3/auth/authenticate"
        ? reply.json({ ...header(1), token })
        : echo(400)(request, reply);
    for (const handle of [echo(400), echo(200), padded, loggedIn]) {
      const error = await failureOf(withUser(serve(handle)).range({ key: "/a" }));
      const told = `${error.message} ${error.why} ${error.stack} ${JSON.stringify(error)}`;
      expect(told).toContain("***");
      for (const part of ["s3cr", "quoted", "token.that"]) expect(told).not.toContain(part);
    }
  });

  it("whose file is not there, or a token of wrong characters, is an error that names it", async () => {
    const server = serve((_, reply) => reply.json({ ...header(1), token: "a\r\nHost: b" }));
    expect((await failureOf(withUser(server).range({ key: "/a" }))).message).toMatch(
      /what answers is no etcd: the token/,
    );
    const user = { name: "node", passwordFile: "/nowhere/password" };
    const client = openEtcd({ endpoints: [server.endpoint], user });
    open.push(client);
    const error = await failureOf(client.range({ key: "/a" }));
    expect(error).toMatchObject({ kind: "refused", why: "the password: open /nowhere/password: ENOENT" });
  });
});

describe("an endpoint", () => {
  it("that is none is refused at once, without the password that may stand in it", () => {
    const failure = (...endpoints: readonly string[]) => {
      try {
        openEtcd({ endpoints });
      } catch (error) {
        return String(error);
      }
      return "none";
    };
    expect(failure("10.0.0.5:2379")).toMatch(/the endpoint 10.0.0.5:2379: an endpoint is http:\/\/HOST:PORT/);
    expect(failure("http://me:hidden@a:2379")).not.toContain("hidden");
    expect(failure()).toContain("no endpoint is given");
  });

  it("by a name that does not resolve is unreachable, and none waits for it", async () => {
    const good = serve(emptyStore());
    const client = clientOf(["http://no-such-host.invalid:2379", good], { timeoutMs: 3000 });
    expect(await client.range({ key: "/a" })).toMatchObject({ revision: "1" });
    const error = await failureOf(
      clientOf(["http://no-such-host.invalid:2379"], { timeoutMs: 3000 }).range({ key: "/a" }),
    );
    expect(error).toMatchObject({ kind: "unreachable", outcome: "none" });
  });

  it("is drawn by lot for the first call, and then taken in turn", async () => {
    const servers = [serve(emptyStore()), serve(emptyStore()), serve(emptyStore())];
    const first = (random: number) => clientOf(servers, { random: () => random }).endpoint;
    expect([first(0), first(0.5), first(0.999)]).toEqual(servers.map(({ endpoint }) => endpoint));
  });
});

describe("closing", () => {
  it("ends calls that wait, and all connections", async () => {
    const server = serve(({ number, ...rest }, reply) => {
      if (number === 0) emptyStore()({ number, ...rest }, reply);
    });
    const client = clientOf([server], { timeoutMs: 60_000 });
    await client.range({ key: "/a" });
    const waiting = failureOf(write(client));
    await expect.poll(() => server.requests.length).toBe(2);
    client.close();
    expect(await waiting).toMatchObject({ kind: "closed", outcome: "unknown" });
    expect(await failureOf(client.range({ key: "/a" }))).toMatchObject({ kind: "closed" });
    await expect.poll(() => server.open).toBe(0);
  });
});
