import type { Context } from "../context.ts";
import { type FakeDelegate, fakeDelegate, ipamResult, prints } from "../fake-delegate.ts";
import { expectReal } from "../kernel.ts";

/** An error as a delegate may give it. */
export const trouble = {
  cniVersion: "1.0.0",
  code: 123,
  msg: "the pool is on fire",
  details: "call the brigade",
};

interface WarmFake {
  readonly fake: FakeDelegate;
  readonly env: { readonly CNI_PATH: string };
  readonly config: { readonly ipam: { readonly type: string } };
  readonly before: Awaited<ReturnType<Context["snapshot"]>>;
}

/** A fake delegate that works so far, and the host after one attachment with it came and went. */
export async function warmFake(context: Context): Promise<WarmFake> {
  const { host, version } = context;
  const fake = fakeDelegate(host.dir, "fake-ipam", { ADD: prints(ipamResult(version)) });
  const env = { CNI_PATH: fake.folder };
  const config = { ipam: { type: fake.type } };
  const first = await context.add(await context.key({ config }), { env });
  await expectReal(host, first);
  await context.detach(first, { env });
  await host.remove(first.ns);
  fake.forget();
  return { fake, env, config, before: await context.snapshot() };
}
