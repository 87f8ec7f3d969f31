import { describe, expect, it } from "vitest";
import { type Following, follow } from "../../../lib/cluster/follow.ts";
import type { DirectoryTables } from "../../../lib/directory/directory.ts";
import { EtcdError } from "../../../lib/etcd/error.ts";
import type { Etcd, KeyValue, Listing, WatchHandlers } from "../../../lib/etcd/etcd.ts";
import { layout, network, node, type stored } from "../directory/some-directory.ts";

const kv = (from: ReturnType<typeof stored>): KeyValue => ({
  ...from,
  ...{ version: "1", lease: "0", garbled: false },
});
const away = new EtcdError({ kind: "unreachable", endpoint: "http://a", doing: "read", why: "gone" });

/** A store whose answers the test gives, one at a time. */
function scripted() {
  const listings: PromiseWithResolvers<Listing>[] = [];
  const watches: { from: string; handlers: WatchHandlers; closed: boolean }[] = [];
  const asked = (): PromiseWithResolvers<Listing> => {
    const next = Promise.withResolvers<Listing>();
    listings.push(next);
    return next;
  };
  const etcd = {
    list: () => asked().promise,
    watch: (_: string, from: string, handlers: WatchHandlers) => {
      const watch = { from, handlers, closed: false };
      watches.push(watch);
      return {
        nextRevision: from,
        close: () => {
          watch.closed = true;
        },
      };
    },
  } as unknown as Etcd;
  const following: Following<DirectoryTables> = follow({
    ...{ etcd, layout, root: "/p/v1/", onChange: () => {}, now: () => 5000, random: () => 0 },
    ...{ relistMs: 1e6, confirmMs: 1 },
  });
  const answer = async (revision: string, ...kvs: readonly ReturnType<typeof stored>[]) => {
    listings.at(-1)?.resolve({ revision, kvs: kvs.map(kv) });
    await Bun.sleep(0);
  };
  return { following, listings, watches, answer };
}

const names = ({ state }: Following<DirectoryTables>) => [...state.tables.nodes.keys()].join(" ");

describe("following a directory", () => {
  it("goes on from the listing by events, and says whether it stands", async () => {
    const { following, watches, answer } = scripted();
    expect(following.status).toMatchObject({ link: "connecting", listings: 0 });
    await answer("20", network(), node("n1", "192.0.2.1", 10));
    expect(watches[0]?.from).toBe("21");
    watches[0]?.handlers.onUp?.("http://a");
    expect(following.status).toMatchObject({ link: "up", endpoint: "http://a", listings: 1 });
    watches[0]?.handlers.onEvents([{ kind: "put", kv: kv(node("n2", "192.0.2.2", 25)) }], "25");
    expect(names(following)).toBe("n1 n2");
    watches[0]?.handlers.onDown?.(away);
    expect(following.status).toMatchObject({ link: "away", error: away.message });
    expect(names(following)).toBe("n1 n2");
    following.close();
    expect(watches[0]?.closed).toBe(true);
  });

  it("lists anew what was compacted under it, and watches from there", async () => {
    const { following, watches, answer, listings } = scripted();
    await answer("20", network(), node("n1", "192.0.2.1", 10));
    watches[0]?.handlers.onCompacted("50");
    await Bun.sleep(0);
    expect(listings).toHaveLength(2);
    await answer("60", network(), node("n3", "192.0.2.3", 55));
    expect(watches[1]?.from).toBe("61");
    following.close();
  });

  it("loses no event that comes while it lists", async () => {
    const { following, watches, answer } = scripted();
    await answer("20", network(), node("n1", "192.0.2.1", 10));
    following.relist();
    await Bun.sleep(0);
    watches[0]?.handlers.onEvents([{ kind: "put", kv: kv(node("n2", "192.0.2.2", 31)) }], "31");
    expect(names(following)).toBe("n1 n2");
    await answer("30", network(), node("n1", "192.0.2.1", 10), node("n0", "192.0.2.9", 29));
    expect(names(following).split(" ").sort()).toEqual(["n0", "n1", "n2"]);
    expect(following.status.doubt).toBeUndefined();
    following.close();
  });

  it("takes nobody away by a listing that has shrunk, before another one agrees", async () => {
    const { following, answer, listings } = scripted();
    const all = [1, 2, 3, 4, 5].map((n) => node(`n${n}`, `192.0.2.${n}`, 10 + n));
    await answer("20", network(), ...all);
    following.relist();
    await Bun.sleep(0);
    await answer("30", network(), ...all.slice(0, 1));
    expect(names(following).split(" ")).toHaveLength(5);
    expect(following.status.doubt?.complaints.map(({ code }) => code)).toEqual(["listing-shrank"]);
    await Bun.sleep(20);
    expect(listings).toHaveLength(3);
    await answer("31", network(), ...all.slice(0, 1));
    expect(names(following)).toBe("n1");
    expect(following.status.doubt).toBeUndefined();
    following.close();
  });

  it("tells that listings fail while events come, and goes on", async () => {
    const { following, watches, answer, listings } = scripted();
    await answer("20", network(), node("n1", "192.0.2.1", 10));
    watches[0]?.handlers.onUp?.("http://a");
    following.relist();
    await Bun.sleep(0);
    listings.at(-1)?.reject(away);
    await Bun.sleep(0);
    expect(following.status).toMatchObject({ link: "up", unlisted: { error: away.message } });
    expect(names(following)).toBe("n1");
    following.close();
  });
});
