/** Exchanges with one HTTP server, over as many connections as there are at once. */
import type { Connection, Receiver, TlsFiles } from "./connection.ts";
import { openConnection } from "./connection.ts";
import { type DialOptions, dial } from "./dial.ts";
import { HttpFailure } from "./failure.ts";
import { encodePost, type ResponseHead } from "./head.ts";
import type { Origin } from "./origin.ts";

export interface HttpClient {
  /** @param signal its reason is thrown. @throws {HttpFailure} */
  post(request: Post, signal: AbortSignal): Promise<Answer>;
  /** On a connection of its own, until `signal` ends it. @throws {HttpFailure} when there is no connection */
  stream(request: Post, receiver: Receiver, signal: AbortSignal): Promise<void>;
  /** Idle connections go: they were made to a server that failed, or with certificates of then. */
  forget(): void;
}

export interface Post {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface HttpOptions extends Omit<DialOptions, "signal"> {
  readonly origin: Origin;
  /** Looked up for each connection, since certificates are renewed. @throws {HttpFailure} */
  readonly tls: () => TlsFiles;
  /** How long a connection may take, ms. */
  readonly connectMs: number;
  readonly maxBytes: number;
}

/** More than this are not kept once they are idle. */
const keptIdle = 4;

export function createHttpClient(options: HttpOptions): HttpClient {
  const { origin, maxBytes } = options;
  let idle: Connection[] = [];
  const take = async (signal: AbortSignal): Promise<Connection> => {
    for (let kept = idle.pop(); kept !== undefined; kept = idle.pop()) {
      if (kept.usable) return kept;
      kept.close(unused);
    }
    return connectTo(options, signal);
  };
  const giveBack = (connection: Connection): void => {
    if (connection.usable && idle.length < keptIdle) idle.push(connection);
    else connection.close(unused);
  };
  return {
    async post({ path, headers, body }, signal) {
      signal.throwIfAborted();
      const connection = await take(signal);
      const answer = await collect(
        connection,
        encodePost({ ...origin, path }, headers, body),
        maxBytes,
        signal,
      );
      giveBack(connection);
      return answer;
    },
    async stream({ path, headers, body }, receiver, signal) {
      const connection = await connectTo(options, signal);
      const end = () => connection.close(signal.reason);
      connection.exchange(encodePost({ ...origin, path }, headers, body), receiver);
      if (signal.aborted) end();
      signal.addEventListener("abort", end, { once: true });
    },
    forget() {
      const all = idle;
      idle = [];
      for (const connection of all) connection.close(unused);
    },
  };
}

const unused = new HttpFailure("closed", "it is not needed any more");

async function connectTo(options: HttpOptions, outer: AbortSignal): Promise<Connection> {
  const { origin, connectMs, tls } = options;
  outer.throwIfAborted();
  const attempt = new AbortController();
  const abort = () => attempt.abort(outer.reason);
  const late = () => attempt.abort(new HttpFailure("timeout", `no connection in ${connectMs} ms`));
  outer.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(late, connectMs);
  try {
    const { signal } = attempt;
    const files = origin.secure ? { tls: tls() } : {};
    const fd = await dial(origin.host, origin.port, { ...options, signal });
    return await openConnection(fd, { ...files, host: origin.host, signal });
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", abort);
  }
}

function collect(
  connection: Connection,
  request: Uint8Array,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const parts: Uint8Array[] = [];
  let status = 0;
  let length = 0;
  const tooLarge = () =>
    connection.close(new HttpFailure("tooLarge", `the answer is larger than ${maxBytes} bytes`, true));
  connection.exchange(request, {
    head: (head: ResponseHead) => {
      status = head.status;
      if (typeof head.framing === "number" && head.framing > maxBytes) tooLarge();
    },
    data: (bytes) => {
      length += bytes.length;
      if (length > maxBytes) tooLarge();
      else parts.push(bytes.slice());
    },
    end: () => resolve({ status, body: Buffer.concat(parts).toString("utf8") }),
    failed: reject,
  });
  const abort = () => connection.close(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", abort));
}
