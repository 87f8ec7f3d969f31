/** A process that uses etcd in all ways at once, closes the client, and must end by itself. */
import { openEtcd } from "../../lib/etcd/open.ts";

const [good = "", silent = ""] = process.argv.slice(2);
const client = openEtcd({ endpoints: [good] }, { random: () => 0 });
const other = openEtcd({ endpoints: [silent] }, { random: () => 0, timeoutMs: 60_000 });
const { revision } = await client.list("/exit/");
const up = Promise.withResolvers<void>();
const ignore = () => {};
client.watch("/exit/", revision, { onEvents: ignore, onCompacted: ignore, onUp: () => up.resolve() });
other.watch("/exit/", revision, { onEvents: ignore, onCompacted: ignore });
const waiting = other.range({ key: "/exit/a" }).catch((error: Error) => error.message);
await up.promise;
await Bun.sleep(50);
client.close();
other.close();
process.stdout.write(`closed: ${await waiting}\n`);
