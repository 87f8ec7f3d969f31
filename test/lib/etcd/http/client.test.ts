import { afterEach, describe, expect, it } from "vitest";
import { createHttpClient, type HttpOptions } from "../../../../lib/etcd/http/client.ts";
import { HttpFailure } from "../../../../lib/etcd/http/failure.ts";
import { parseOrigin } from "../../../../lib/etcd/http/origin.ts";
import { type FakeHandler, type FakeServer, fakeServer } from "../fake-server.ts";

const open: Disposable[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one[Symbol.dispose]();
});

function serve(handle: FakeHandler): FakeServer {
  const server = fakeServer(handle);
  open.push(server);
  return server;
}

function clientOf({ endpoint }: Pick<FakeServer, "endpoint">, over: Partial<HttpOptions> = {}) {
  const origin = parseOrigin(endpoint);
  if (origin === undefined) throw new Error(endpoint);
  const client = createHttpClient({
    ...{ origin, tls: () => ({}), within: (act) => act() },
    ...{ keepAliveS: 10, connectMs: 1000, maxBytes: 100 },
    ...over,
  });
  open.push({ [Symbol.dispose]: () => client.forget() });
  return client;
}

const post = { path: "/", headers: {}, body: "{}" };
const failure = (call: Promise<unknown>): Promise<unknown> => call.catch((error) => error);
const never = new AbortController().signal;

describe("an exchange", () => {
  it("in chunks is bounded too", async () => {
    const chunk = `32\r\n${"x".repeat(50)}\r\n`;
    const server = serve(({ number }, reply) => {
      reply.stream();
      reply.raw(chunk.repeat(number === 0 ? 2 : 3));
      reply.raw("0\r\n\r\n");
    });
    const client = clientOf(server);
    expect(await client.post(post, never)).toEqual({ status: 200, body: "x".repeat(100) });
    expect(await failure(client.post(post, never))).toMatchObject({ kind: "tooLarge", sent: true });
    await expect.poll(() => server.open).toBe(0);
  });

  it("leaves no connection to be used again that the server means to close, or has said too much on", async () => {
    const server = serve(({ number }, reply) =>
      reply.raw(
        number === 0
          ? "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na"
          : "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nbHTTP/1.1",
      ),
    );
    const client = clientOf(server);
    expect((await client.post(post, never)).body).toBe("a");
    await expect.poll(() => server.open).toBe(0);
    expect((await client.post(post, never)).body).toBe("b");
    await expect.poll(() => server.open).toBe(0);
  });

  it("does not use a connection again that the server has closed meanwhile", async () => {
    const replies: (() => void)[] = [];
    const server = serve((_, reply) => {
      reply.json({});
      replies.push(() => reply.end());
    });
    const client = clientOf(server);
    await client.post(post, never);
    for (const end of replies) end();
    await expect.poll(() => server.open).toBe(0);
    expect((await client.post(post, never)).status).toBe(200);
  });

  it("keeps four idle connections at most", async () => {
    const waiting: (() => void)[] = [];
    const server = serve((_, reply) => void waiting.push(() => reply.json({})));
    const client = clientOf(server);
    const all = Array.from({ length: 7 }, () => client.post(post, never));
    await expect.poll(() => waiting.length).toBe(7);
    for (const answer of waiting) answer();
    await Promise.all(all);
    await expect.poll(() => server.open).toBe(4);
  });

  it("that is ended says whether anything was sent", async () => {
    const server = serve(() => {});
    const reason = () => new HttpFailure("timeout", "late");
    const ended = AbortSignal.abort(reason());
    expect(await failure(clientOf(server).post(post, ended))).toMatchObject({ kind: "timeout", sent: false });
    const warm = clientOf(serve((_, reply) => reply.json({})));
    await warm.post(post, never);
    expect(await failure(warm.post(post, ended))).toMatchObject({ sent: false });
    const running = new AbortController();
    const call = failure(clientOf(server).post(post, running.signal));
    await expect.poll(() => server.requests.length).toBe(1);
    running.abort(reason());
    expect(await call).toMatchObject({ kind: "timeout", sent: true });
  });

  it("says what the kernel said of a connection that could not be made", async () => {
    const nobody = { endpoint: "http://127.0.0.1:9" };
    expect(await failure(clientOf(nobody).post(post, never))).toMatchObject({
      message: "connect: ECONNREFUSED",
      sent: false,
    });
  });

  it("opens its sockets where it is told to", async () => {
    const server = serve((_, reply) => reply.json({}));
    let times = 0;
    const within = <T>(act: () => T): T => {
      times++;
      return act();
    };
    await clientOf(server, { within }).post(post, never);
    expect(times).toBe(1);
  });

  it("reaches a server by its name", async () => {
    const server = serve((_, reply) => reply.json({}));
    const endpoint = server.endpoint.replace("127.0.0.1", "localhost");
    expect((await clientOf({ endpoint }).post(post, never)).status).toBe(200);
  });

  it("of many MiB waits for a server that reads slowly", async () => {
    const body = "x".repeat(24 * 1024 * 1024);
    let read = 0;
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          socket.pause();
          setTimeout(() => socket.resume(), 50);
        },
        data(socket, bytes) {
          read += bytes.length;
          if (read > body.length) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        },
      },
    });
    open.push({ [Symbol.dispose]: () => listener.stop(true) });
    const client = clientOf({ endpoint: `http://127.0.0.1:${listener.port}` });
    expect((await client.post({ ...post, body }, AbortSignal.timeout(10_000))).body).toBe("ok");
  });
});
