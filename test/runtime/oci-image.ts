/** Writes a container image as one file (OCI image layout in a tar archive), without a registry. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ImageOptions {
  /** Full name with tag, such as `localhost/vswitch/web:1`. */
  readonly name: string;
  /** Folder that becomes the only layer. */
  readonly rootfs: string;
  readonly entrypoint: readonly string[];
  /** The archive to write. */
  readonly archive: string;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const types = "application/vnd.oci.image";

/** Writes the archive (OCI image-spec 1.0, image layout). `podman load` and `ctr images import` read it. */
export function writeImage({ name, rootfs, entrypoint, archive }: ImageOptions): void {
  const layout = `${archive}.layout`;
  const blobs = join(layout, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const put = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const hash = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, hash), bytes);
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
  };
  const putJson = (mediaType: string, value: unknown) => put(mediaType, Buffer.from(JSON.stringify(value)));

  const layer = put(`${types}.layer.v1.tar`, tarOf(rootfs, `${archive}.layer`));
  const config = putJson(`${types}.config.v1+json`, {
    architecture: architectures[process.arch] ?? process.arch,
    os: "linux",
    config: { Entrypoint: entrypoint, Env: ["PATH=/bin"], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const manifest = putJson(`${types}.manifest.v1+json`, { schemaVersion: 2, config, layers: [layer] });
  const annotations = { "org.opencontainers.image.ref.name": name, "io.containerd.image.name": name };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  writeFileSync(join(layout, "index.json"), JSON.stringify(index));
  writeFileSync(join(layout, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(archive, tarOf(layout, `${archive}.tmp`));
  rmSync(layout, { recursive: true });
}

/** The same folder gives the same bytes: names sorted, times zero, owner root. */
function tarOf(folder: string, scratch: string): Uint8Array {
  const same = ["--sort=name", "--mtime=@0", "--numeric-owner", "--owner=0", "--group=0", "--format=ustar"];
  execFileSync("tar", [...same, "-C", folder, "-cf", scratch, "."]);
  const bytes = readFileSync(scratch);
  rmSync(scratch);
  return bytes;
}
