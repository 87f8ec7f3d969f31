/** A small HTTP server on loopback that says what a test tells it to, well or ill. */

export interface FakeRequest {
  /** Counts all requests to this server, from 0 on. */
  readonly number: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Reply {
  /** A whole answer. */
  json(body: object, status?: number): void;
  /** Bytes as they are, of HTTP or not. */
  raw(text: string | Uint8Array): void;
  /** The head of a stream; `line` after it. */
  stream(): void;
  line(body: object): void;
  /** Ends the connection, with what the other side may still read. */
  end(): void;
  /** Resolves when the other side has ended it. */
  readonly ended: Promise<void>;
}

export interface FakeServer extends Disposable {
  readonly endpoint: string;
  readonly requests: readonly FakeRequest[];
  /** How many connections are open. */
  readonly open: number;
}

export type FakeHandler = (request: FakeRequest, reply: Reply) => void;

interface Connection {
  held: string;
  readonly gone: PromiseWithResolvers<void>;
}

export function fakeServer(handle: FakeHandler): FakeServer {
  const requests: FakeRequest[] = [];
  const sockets = new Set<Bun.Socket<Connection>>();
  const listener = Bun.listen<Connection>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { held: "", gone: Promise.withResolvers() };
        sockets.add(socket);
      },
      data(socket, bytes) {
        socket.data.held += bytes.toString("latin1");
        for (let request = take(socket.data); request !== undefined; request = take(socket.data)) {
          const numbered = { ...request, number: requests.length };
          requests.push(numbered);
          handle(numbered, replyOf(socket));
        }
      },
      close(socket) {
        sockets.delete(socket);
        socket.data.gone.resolve();
      },
      error() {},
    },
  });
  return {
    endpoint: `http://127.0.0.1:${listener.port}`,
    requests,
    get open() {
      return sockets.size;
    },
    [Symbol.dispose]() {
      listener.stop(true);
    },
  };
}

/** A whole request, taken off. */
function take(connection: Connection): Omit<FakeRequest, "number"> | undefined {
  const { held } = connection;
  const end = held.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = held.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
  );
  const length = Number(headers["content-length"] ?? 0);
  const body = held.slice(end + 4, end + 4 + length);
  if (body.length < length) return undefined;
  connection.held = held.slice(end + 4 + length);
  const [, path = ""] = first.split(" ");
  return { path, headers, body: JSON.parse(Buffer.from(body, "latin1").toString("utf8")) };
}

function replyOf(socket: Bun.Socket<Connection>): Reply {
  const raw = (text: string | Uint8Array) => void socket.write(text);
  return {
    raw,
    json(body, status = 200) {
      const text = JSON.stringify(body);
      raw(`HTTP/1.1 ${status} X\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    },
    stream: () => raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    line(body) {
      const text = `${JSON.stringify(body)}\n`;
      raw(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
    },
    end: () => void socket.end(),
    ended: socket.data.gone.promise,
  };
}

/** What etcd answers with. */
export const header = (revision: string | number, clusterId = "1") => ({
  header: { cluster_id: clusterId, member_id: "1", revision: String(revision), raft_term: "2" },
});

/** A member that knows no keys, at this revision. */
export const emptyStore =
  (revision = 1): FakeHandler =>
  ({ path, body }, reply) => {
    if (path !== "/v3/kv/txn") return reply.json(header(revision));
    const asked = (body.failure ?? []) as Record<string, unknown>[];
    reply.json({ ...header(revision), responses: asked.map(() => ({ response_range: {} })) });
  };

/** A refusal as etcd 3.5 has it. */
export const refusal = (code: number, message: string) => ({ error: message, message, code });
