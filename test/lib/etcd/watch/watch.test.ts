import { afterEach, describe, expect, it } from "vitest";
import { createCluster } from "../../../../lib/etcd/cluster.ts";
import type { EtcdError } from "../../../../lib/etcd/error.ts";
import type { Watch, WatchEvent, WatchHandlers } from "../../../../lib/etcd/etcd.ts";
import { parseOrigin } from "../../../../lib/etcd/http/origin.ts";
import { createMember } from "../../../../lib/etcd/member.ts";
import { startWatch } from "../../../../lib/etcd/watch/watch.ts";
import {
  type FakeHandler,
  type FakeServer,
  fakeServer,
  header,
  type Reply,
  refusal,
} from "../fake-server.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0).reverse()) one.close();
});

function serve(handle: FakeHandler): FakeServer {
  const server = fakeServer(handle);
  open.push({ close: () => server[Symbol.dispose]() });
  return server;
}

/** Streams by their number; `other` answers what is no watch, by default as a member that lives at revision 1000. */
function serveWatches(
  watches: readonly ((reply: Reply) => void)[],
  other: FakeHandler = (_, reply) => reply.json(header(1000)),
): FakeServer {
  let count = 0;
  return serve((request, reply) => {
    if (request.path !== "/v3/watch") return other(request, reply);
    watches[count++]?.(reply);
  });
}

const starts = ({ requests }: FakeServer): readonly unknown[] =>
  requests
    .filter(({ path }) => path === "/v3/watch")
    .map(({ body }) => (body.create_request as { start_revision: string }).start_revision);

const base64 = (text: string) => Buffer.from(text).toString("base64");
const put = (key: string, revision: number) => ({
  kv: { key: base64(key), value: "", create_revision: "1", mod_revision: String(revision), version: "1" },
});
const created = (revision: number, clusterId?: string) => ({
  result: { ...header(revision, clusterId), created: true },
});
const events = (revision: number, ...all: readonly object[]) => ({
  result: { ...header(revision), events: all },
});

interface Watching {
  readonly watch: Watch;
  /** What the handlers were told, in words. */
  readonly told: readonly string[];
  readonly errors: readonly EtcdError[];
}

interface WatchingOptions {
  readonly livenessMs?: number;
  readonly silenceMs?: number;
  readonly timeoutMs?: number;
  readonly from?: string;
  readonly on?: Partial<WatchHandlers>;
}

function watching(servers: readonly (FakeServer | string)[], options: WatchingOptions = {}): Watching {
  const { livenessMs = 60_000, silenceMs = 60_000, timeoutMs = 500, from = "6", on = {} } = options;
  const closing = new AbortController();
  const members = servers.map((server) => {
    const endpoint = typeof server === "string" ? server : server.endpoint;
    const origin = parseOrigin(endpoint);
    if (origin === undefined) throw new Error(endpoint);
    return createMember({
      ...{ endpoint, origin, timeoutMs, closing: closing.signal },
      ...{ access: {}, keepAliveS: 10, within: (act) => act() },
    });
  });
  const cluster = createCluster(members, { random: () => 0, log: () => {} });
  const told: string[] = [];
  const errors: EtcdError[] = [];
  const word = (event: WatchEvent) =>
    event.kind === "put" ? `${event.kv.key}@${event.kv.modRevision}` : `-${event.key}@${event.modRevision}`;
  const handlers: WatchHandlers = {
    onEvents: (all, revision) => void told.push(`${all.map(word).join(" ")} to ${revision}`),
    onCompacted: (revision) => void told.push(`compacted ${revision}`),
    onProgress: (revision) => void told.push(`progress ${revision}`),
    onUp: () => void told.push("up"),
    onDown(error) {
      told.push(`down ${error.kind}`);
      errors.push(error);
    },
    ...on,
  };
  const watch = startWatch(cluster, "/a/", from, handlers, {
    ...{ random: () => 0, livenessMs, silenceMs, timeoutMs },
    closing: closing.signal,
  });
  open.push({
    close() {
      watch.close();
      for (const member of members) member.forget();
    },
  });
  return { watch, told, errors };
}

const until = (check: () => unknown) => expect.poll(check, { interval: 5, timeout: 5000 });

describe("a watch", () => {
  it("asks for a leader, for progress and for all that begins with its prefix", async () => {
    const server = serveWatches([(reply) => reply.stream()]);
    watching([server]);
    await until(() => server.requests.length).toBe(1);
    expect(server.requests[0]?.headers["grpc-metadata-hasleader"]).toBe("true");
    expect(server.requests[0]?.body).toEqual({
      create_request: {
        key: base64("/a/"),
        range_end: base64("/a0"),
        start_revision: "6",
        progress_notify: true,
      },
    });
  });

  it("tells events in order, and goes on behind the last one it was told, not behind the store's revision", async () => {
    const server = serveWatches([
      (reply) => {
        reply.stream();
        reply.line(created(900));
        // While it catches up, a message's header is far ahead of its events.
        reply.line(
          events(900, put("/a/x", 6), put("/a/y", 7), {
            type: "DELETE",
            kv: { key: base64("/a/x"), mod_revision: "7" },
          }),
        );
        reply.end();
      },
      (reply) => {
        reply.stream();
        reply.line(created(900));
        // One that it has heard already, of a server that begins too early.
        reply.line(events(900, put("/a/y", 7), put("/a/z", 8)));
        reply.line(events(900, put("/a/z", 8)));
      },
    ]);
    const { told, watch } = watching([server]);
    await until(() => told.at(-1)).toBe("/a/z@8 to 8");
    expect(told).toEqual(["up", "/a/x@6 /a/y@7 -/a/x@7 to 7", "down unreachable", "up", "/a/z@8 to 8"]);
    expect(starts(server)).toEqual(["6", "8"]);
    expect(watch.nextRevision).toBe("9");
  });

  it("goes on behind a note of progress, and never back", async () => {
    const server = serveWatches([
      (reply) => {
        reply.stream();
        reply.line(created(5));
        reply.line({ result: header("9007199254740993") });
        reply.line({ result: header(40) });
        reply.end();
      },
      (reply) => reply.stream(),
    ]);
    const { told } = watching([server]);
    await until(() => starts(server)).toEqual(["6", "9007199254740994"]);
    expect(told).toEqual(["up", "progress 9007199254740993", "progress 40", "down unreachable"]);
  });

  it("that meets a compaction hangs up, says so, and is over", async () => {
    let hungUp = false;
    const server = serveWatches([
      (reply) => {
        reply.stream();
        reply.line(created(900));
        reply.line({ result: { header: { cluster_id: "1" }, canceled: true, compact_revision: "700" } });
        void reply.ended.then(() => {
          hungUp = true;
        });
      },
    ]);
    const { told } = watching([server]);
    await until(() => hungUp).toBe(true);
    expect(told).toEqual(["up", "compacted 700"]);
    await Bun.sleep(150);
    expect(starts(server)).toHaveLength(1);
  });

  it("that is canceled for another reason hangs up, and is tried again at the next endpoint", async () => {
    let hungUp = false;
    const denying = serveWatches([
      (reply) => {
        reply.stream();
        const cancel_reason = "etcdserver: permission denied";
        reply.line({ result: { ...header(5), created: true, canceled: true, cancel_reason } });
        void reply.ended.then(() => {
          hungUp = true;
        });
      },
    ]);
    const other = serveWatches([(reply) => reply.stream()]);
    const { told, errors } = watching([denying, other]);
    await until(() => starts(other)).toEqual(["6"]);
    expect([hungUp, told]).toEqual([true, ["down refused"]]);
    expect(errors[0]?.message).toBe(`watch /a/* at ${denying.endpoint}: etcdserver: permission denied`);
  });

  it.each<[string, string, FakeHandler]>([
    [
      "noLeader",
      "has lost its cluster",
      (_, reply) => {
        reply.stream();
        reply.line(created(5));
        // As etcd 3.4 sends it: without a line break, and as the last thing.
        const error = JSON.stringify({
          error: { grpc_code: 14, http_code: 503, message: "etcdserver: no leader" },
        });
        reply.raw(`${error.length.toString(16)}\r\n${error}\r\n0\r\n\r\n`);
      },
    ],
    [
      "unreachable",
      "says what is no JSON",
      (_, reply) => {
        reply.stream();
        reply.raw("6\r\n<html>\r\n1\r\n\n\r\n");
      },
    ],
    [
      "unreachable",
      "ends the stream",
      (_, reply) => {
        reply.stream();
        reply.raw("0\r\n\r\n");
      },
    ],
    [
      "refused",
      "refuses it with a status",
      (_, reply) => reply.json(refusal(7, "etcdserver: permission denied"), 403),
    ],
    ["timeout", "never begins", (_, reply) => reply.stream()],
    ["timeout", "never answers", () => {}],
  ])("goes to the next endpoint (%s) when a member %s", async (kind, _, handle) => {
    const bad = serve(handle);
    const good = serveWatches([
      (reply) => {
        reply.stream();
        reply.line(created(5));
      },
    ]);
    const { told } = watching([bad, good], { timeoutMs: 200 });
    await until(() => told.at(-1)).toBe("up");
    expect(told.filter((line) => line.startsWith("down"))).toEqual([`down ${kind}`]);
    expect(starts(good)).toEqual(["6"]);
    await until(() => bad.open).toBe(0);
  });

  it("waits longer after each failure, and shortly again once it has heard something", async () => {
    const at: number[] = [];
    const fail = (reply: Reply) => {
      at.push(performance.now());
      reply.end();
    };
    const speak = (reply: Reply) => {
      at.push(performance.now());
      reply.stream();
      reply.line(created(5));
      reply.line(events(6, put("/a/x", 6)));
      reply.end();
    };
    const server = serveWatches([fail, fail, fail, speak, fail]);
    watching([server]);
    await until(() => at.length).toBe(5);
    const waits = at.slice(1).map((time, i) => time - (at[i] ?? 0));
    for (const [i, least] of [50, 100, 200].entries()) expect(waits[i]).toBeGreaterThanOrEqual(least - 1);
    expect(waits[3]).toBeLessThan(200);
  });

  it("asks now and then whether its member lives, and goes when it does not", async () => {
    let silent = false;
    const stream = (reply: Reply) => {
      reply.stream();
      reply.line(created(5));
    };
    const first = serveWatches([stream], (_, reply) => {
      if (!silent) reply.json(header(5));
    });
    const second = serveWatches([stream]);
    const { told } = watching([first, second], { livenessMs: 40, timeoutMs: 150 });
    await until(() => first.requests.length).toBeGreaterThan(3);
    const probe = first.requests[2];
    expect(probe?.path).toBe("/v3/kv/range");
    expect(probe?.body).toMatchObject({ limit: "1", keys_only: true, serializable: true });
    expect(probe?.headers["grpc-metadata-hasleader"]).toBeUndefined();
    expect(told).toEqual(["up"]);
    silent = true;
    await until(() => told).toEqual(["up", "down timeout", "up"]);
    await until(() => first.open).toBe(0);
  });

  it("is begun again when it was silent for longer than notes of progress take", async () => {
    const stream = (reply: Reply) => {
      reply.stream();
      reply.line(created(5));
    };
    const server = serveWatches([stream, stream]);
    const { told, errors } = watching([server], { livenessMs: 40, silenceMs: 150 });
    await until(() => told).toEqual(["up", "down timeout", "up"]);
    expect(errors[0]?.why).toMatch(/^not a word in /);
  });

  it("of a store that was put back to an older state is over; of a member that is only behind, it waits", async () => {
    const old = (reply: Reply) => {
      reply.stream();
      reply.line(created(5));
    };
    const restored = watching([serveWatches([old], (_, reply) => reply.json(header(5)))], { from: "80" });
    await until(() => restored.told).toEqual(["compacted 0"]);
    const behind = watching([serveWatches([old], (_, reply) => reply.json(header(79)))], { from: "80" });
    await until(() => behind.told).toEqual(["up"]);
  });

  it("of another cluster than before is over", async () => {
    const server = serveWatches([
      (reply) => {
        reply.stream();
        reply.line(created(5, "1"));
        reply.end();
      },
      (reply) => {
        reply.stream();
        reply.line(created(5000, "2"));
      },
    ]);
    const { told } = watching([server]);
    await until(() => told).toEqual(["up", "down unreachable", "compacted 0"]);
  });

  it("that is closed by its own handler hears nothing more, and hangs up", async () => {
    const server = serveWatches([
      (reply) => {
        reply.stream();
        reply.line(created(5));
        reply.line(events(6, put("/a/x", 6)));
        reply.line(events(7, put("/a/y", 7)));
      },
    ]);
    const told: string[] = [];
    const { watch, told: rest } = watching([server], {
      on: {
        onEvents(_, revision) {
          told.push(revision);
          watch.close();
        },
      },
    });
    await until(() => told.length).toBe(1);
    await until(() => server.open).toBe(0);
    expect([told, rest]).toEqual([["6"], ["up"]]);
  });

  it("that is closed while it waits for another try, tries no more", async () => {
    const server = serveWatches([(reply) => reply.end()]);
    const { watch, told } = watching([server]);
    await until(() => told).toEqual(["down unreachable"]);
    watch.close();
    await Bun.sleep(150);
    expect([starts(server).length, told.length]).toEqual([1, 1]);
  });
});
