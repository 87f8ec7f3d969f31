/**
 * Builds dist/: the validators of the plugins' schemas (dist/schema), then the one executable under the name of
 * every plugin (dist/bin, hard links: the runtime of ~105 MB is there once).
 *
 * Code costs a process 1 ms for each 35 KB of it, whether it runs or not, and a piece by itself 0.02 ms. So what only some
 * calls need is named by `require(FILE) as typeof import(FILE)` where it is used: `splitting` makes a piece of it,
 * read at the first use. It is the synchronous `await import(FILE)`, and gives the same module as an import does.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import { version } from "../package.json";

const root = join(import.meta.dir, "..");
const names = ["nat", "transparent", "overlay", "ipam", "vswitch"];

/** Compiling a schema at run time costs ~60 ms of a process that lives 10 ms. */
async function buildSchemas(): Promise<void> {
  mkdirSync(join(root, "dist/schema"), { recursive: true });
  for (const file of readdirSync(join(root, "plugins"), { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith("/schema.ts")) continue;
    // `ipam/pool/schema.ts` is read as `#schema/ipam-pool`.
    const name = dirname(file).replaceAll("/", "-");
    const { schema } = await import(join(root, "plugins", file));
    const ajv = new Ajv({
      allErrors: true,
      verbose: true,
      allowUnionTypes: true,
      code: { source: true, esm: true },
    });
    writeFileSync(join(root, `dist/schema/${name}.js`), standalone(ajv, ajv.compile(schema)));
    writeFileSync(
      join(root, `dist/schema/${name}.d.ts`),
      'import type { ValidateFunction } from "ajv";\ndeclare const validate: ValidateFunction;\nexport default validate;\n',
    );
  }
}

/** The operator's tool in pieces of its own: what it shared with a plugin would lie in pieces that each call opens. */
async function buildTool(outdir: string): Promise<string> {
  await built({
    entrypoints: [join(root, "plugins/vswitch/main.ts")],
    outdir,
    target: "bun",
    format: "esm",
    splitting: true,
    define,
  });
  return join(outdir, "main.js");
}

async function built(config: Bun.BuildConfig): Promise<void> {
  const { success, logs } = await Bun.build(config);
  if (!success) throw new AggregateError(logs, "bun build failed");
}

const define = { VSWITCH_VERSION: JSON.stringify(version) };

async function buildExecutable(toolDir: string): Promise<void> {
  const tool = await buildTool(toolDir);
  const bin = join(root, "dist/bin");
  mkdirSync(bin, { recursive: true });
  await built({
    entrypoints: [join(root, "plugins/main.ts")],
    format: "esm",
    minify: true,
    // Code of the other plugins is not even read: 3 ms less for each process.
    splitting: true,
    bytecode: true,
    define,
    plugins: [
      {
        name: "tool",
        setup(build) {
          build.onResolve({ filter: /\/vswitch\/main\.ts$/ }, () => ({ path: tool }));
          // Its pieces name others in the words of the runtime; the bundler knows its own.
          build.onLoad({ filter: /\.js$/ }, ({ path }) =>
            path.startsWith(toolDir)
              ? {
                  contents: readFileSync(path, "utf8").replaceAll("import.meta.require(", "require("),
                  loader: "js",
                }
              : undefined,
          );
        },
      },
    ],
    // A process of root must not read `.env` or `bunfig.toml` from the folder it happens to be started in.
    // Compiling hot code pays after a second; a process that lives 10 ms saves 5 ms of processor time and 4 MiB.
    compile: { outfile: join(bin, ".new"), autoloadDotenv: false, autoloadBunfig: false, jitPolicy: 100 },
  });
  for (const name of names) {
    rmSync(join(bin, name), { force: true });
    linkSync(join(bin, ".new"), join(bin, name));
  }
  rmSync(join(bin, ".new"));
}

await buildSchemas();
if (process.argv[2] !== "schemas") {
  // Two may build at once.
  const toolDir = join(root, `dist/tool-${process.pid}`);
  await buildExecutable(toolDir).finally(() => rmSync(toolDir, { recursive: true, force: true }));
}
