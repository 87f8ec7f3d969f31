/**
 * The tables of the state file and how a file of an older version becomes one of this version.
 *
 * `migrations[n]` leads from version n to n+1 (`PRAGMA user_version`). A published entry is never edited; what is
 * added must leave DEL of the version before it working.
 */

/** "vswc": tells our file from other SQLite files (`PRAGMA application_id`). */
export const applicationId = 0x76737763;
/** The same of a file that was made by a process that cannot ask the kernel for what is there: another one shall. */
export const unprovedId = 0x76737764;

/**
 * Every address of a network is in exactly one of three places: an extent of `fresh` (never used), a row of `leases`,
 * or a row of `released` (in the order of release: `seq`). Addresses are 16 byte keys (address-key.ts).
 */
const version1 = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE networks (name TEXT PRIMARY KEY, kind TEXT NOT NULL, spec TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE endpoints (
  key TEXT PRIMARY KEY, network TEXT NOT NULL, container_id TEXT NOT NULL, ifname TEXT NOT NULL,
  netns TEXT NOT NULL, phase TEXT NOT NULL CHECK (phase IN ('adding', 'ready')), plan TEXT,
  boot_id TEXT NOT NULL, created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoints_network ON endpoints (network);
CREATE TABLE ports (
  port INTEGER NOT NULL, protocol TEXT NOT NULL, family INTEGER NOT NULL, host_ip TEXT NOT NULL, owner TEXT NOT NULL,
  PRIMARY KEY (port, protocol, family, host_ip)
) STRICT, WITHOUT ROWID;
CREATE INDEX ports_owner ON ports (owner);
CREATE TABLE fresh (
  network TEXT NOT NULL, last BLOB NOT NULL, first BLOB NOT NULL, PRIMARY KEY (network, last)
) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
  network TEXT NOT NULL, address BLOB NOT NULL, owner TEXT NOT NULL, container_id TEXT NOT NULL,
  ifname TEXT NOT NULL, netns TEXT NOT NULL, boot_id TEXT NOT NULL, taken_ms INTEGER NOT NULL,
  PRIMARY KEY (network, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_owner ON leases (owner);
CREATE TABLE released (
  seq INTEGER PRIMARY KEY, network TEXT NOT NULL, address BLOB NOT NULL, released_ms INTEGER NOT NULL,
  UNIQUE (network, address)
) STRICT;
CREATE INDEX released_order ON released (network, seq);
`;

/** What DHCP servers lent to vNICs, so that somebody who stays can renew it. Only those who use DHCP read it. */
const version2 = `
CREATE TABLE dhcp (
  key TEXT NOT NULL, family INTEGER NOT NULL, network TEXT NOT NULL, container_id TEXT NOT NULL, ifname TEXT NOT NULL,
  netns TEXT NOT NULL, device TEXT NOT NULL, mac TEXT NOT NULL, client_id BLOB NOT NULL, hostname TEXT NOT NULL,
  boot_id TEXT NOT NULL, lease TEXT NOT NULL, PRIMARY KEY (key, family)
) STRICT, WITHOUT ROWID;
`;

/** What directories said: of the other hosts of overlay networks, and of which addresses are this host's to give. */
const version3 = `
CREATE TABLE directories (
  network TEXT PRIMARY KEY, revision TEXT NOT NULL, peers TEXT NOT NULL, saved_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE pools (
  network TEXT PRIMARY KEY, spec TEXT NOT NULL, checked_ms INTEGER NOT NULL, boot_id TEXT NOT NULL,
  tried_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE blocks (
  network TEXT NOT NULL, prefix TEXT NOT NULL, revision TEXT NOT NULL, claimed_ms INTEGER NOT NULL,
  empty_ms INTEGER, lost_ms INTEGER, PRIMARY KEY (network, prefix)
) STRICT, WITHOUT ROWID;
CREATE TABLE fixed (
  network TEXT NOT NULL, address BLOB NOT NULL, owner TEXT NOT NULL, revision TEXT NOT NULL,
  claimed_ms INTEGER NOT NULL, PRIMARY KEY (network, address)
) STRICT, WITHOUT ROWID;
`;

export const migrations: readonly string[] = [version1, version2, version3];
export const schemaVersion: number = migrations.length;
