/**
 * Makes a fresh machine ready for an npm script: packages of npm, and as root the Debian packages it needs.
 *
 * Plain JavaScript for Node, since nothing is installed yet when it runs.
 * `node test/prepare.mjs build|demo|test|bench|conformance`
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const purpose = process.argv[2] ?? "build";

/** Debian packages by the command or file that shows they are there. */
const debianPackages = {
  build: {},
  demo: { etcd: "etcd-server" },
  bench: {
    ip: "iproute2",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    iptables: "iptables",
    iperf3: "iperf3",
  },
  conformance: {
    ip: "iproute2",
    nft: "nftables",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    iptables: "iptables",
  },
  test: {
    ip: "iproute2",
    nft: "nftables",
    iptables: "iptables",
    conntrack: "conntrack",
    tcpdump: "tcpdump",
    socat: "socat",
    strace: "strace",
    iperf3: "iperf3",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    podman: "podman",
    containerd: "containerd",
    busybox: "busybox-static",
    dnsmasq: "dnsmasq-base",
    udhcpd: "udhcpd",
    wg: "wireguard-tools",
    etcd: "etcd-server",
    openssl: "openssl",
    chromium: "chromium",
    "qemu-system-x86_64": "qemu-system-x86",
  },
};

const present = (name) =>
  name.startsWith("/")
    ? existsSync(name)
    : ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].some((folder) => existsSync(join(folder, name)));

/** Runs a command quietly; its output is shown only when it fails. */
function run(title, command, args, options = {}) {
  process.stderr.write(`${title} ... `);
  const started = Date.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    ...options,
  });
  if (status === 0) {
    process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1)} s\n`);
    return true;
  }
  process.stderr.write(`failed\n${error ? `${error.message}\n` : ""}${stdout ?? ""}${stderr ?? ""}`);
  return false;
}

function installPackages() {
  const lock = join(root, "package-lock.json");
  const stamp = join(root, "node_modules/.vswitch-stamp");
  const wanted = readFileSync(lock, "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  // Not `npm ci`: it refuses a lock file without the builds of tools for platforms that a registry does not carry.
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  if (!run("installing npm packages", "npm", args)) process.exit(1);
  writeFileSync(stamp, wanted);
}

function installDebianPackages() {
  const missing = Object.entries(debianPackages[purpose] ?? {}).filter(([file]) => !present(file));
  if (missing.length === 0) return;
  const names = [...new Set(missing.map(([, name]) => name))];
  if (process.getuid?.() !== 0 || !present("apt-get")) {
    process.stderr.write(
      `not installed, and only root on Debian can: ${names.join(" ")} (what needs them is skipped)\n`,
    );
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const lists = "/var/lib/apt/lists";
  const fresh = existsSync("/var/cache/apt/pkgcache.bin") && Date.now() - statSync(lists).mtimeMs < 3_600_000;
  if (!fresh) run("reading Debian's package lists", "apt-get", ["update", "-q"], { env });
  const install = ["install", "-y", "-q", "--no-install-recommends"];
  // One package that cannot be had must not take the others with it: its tests are skipped by name.
  if (run(`installing ${names.join(" ")}`, "apt-get", [...install, ...names], { env })) return;
  for (const name of names) run(`installing ${name}`, "apt-get", [...install, name], { env });
}

/**
 * Unpacks Debian's kernel for the test machines of test/vm, where the system has none. It is not installed: the
 * package would bring a boot loader's tools and make an initramfs, and a container boots none of it.
 */
function unpackKernel() {
  const folder = join(root, "node_modules/.cache/debian-kernel");
  const installed = (where) =>
    existsSync(join(where, "boot")) &&
    readdirSync(join(where, "boot")).some((name) => /^vmlinuz-.+-cloud-amd64$/.test(name));
  const wanted = purpose === "test" || (["demo", "bench"].includes(purpose) && present("qemu-system-x86_64"));
  if (!wanted || process.arch !== "x64" || installed("/") || installed(folder)) return;
  if (!["apt-get", "apt-cache", "dpkg-deb", "busybox"].every(present)) return;
  // `depmod` makes the lists that the package would make when it is installed.
  const script = `
    rm -rf "$1" "$1.new" && mkdir -p "$1.new" && cd "$1.new"
    package=$(apt-cache depends --important linux-image-cloud-amd64 | sed -n 's/.*Depends: //p')
    apt-get download -q "$package"
    dpkg-deb -x "$package"_*.deb . && rm ./*.deb
    busybox depmod -b . "\${package#linux-image-}"
    mv "$1.new" "$1"`;
  run("unpacking a kernel for test machines", "sh", ["-ec", script, "sh", folder]);
}

function build() {
  mkdirSync(join(root, "dist"), { recursive: true });
  const bun = join(root, "node_modules/.bin/bun");
  if (!run("building dist/bin", bun, ["plugins/build.ts"])) process.exit(1);
}

installPackages();
installDebianPackages();
unpackKernel();
build();
