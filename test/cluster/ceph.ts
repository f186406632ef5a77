import { documentedLines } from "./documented.ts";
import { MACHINES } from "./site.ts";

const PAGE = "ceph.md";
const block = (lead: string): string => `${documentedLines(PAGE, lead).join("\n")}\n`;

/** What docs/ceph.md has people type and write, each after the words that lead to it. */
export const CEPH_LINES = {
  account: block("Nothing is asked for before the account"),
  dashboard: block("**Then, on that machine**"),
  gateway: block("The files are there as soon as"),
  unit: block("**Its unit**"),
  sshRecipe: block("**Ceph 16.2** takes a key"),
  ssh: block("**From there to every host**"),
} as const;

/** Where the shipped recipes put what Ceph reads. */
export const CEPH_FILES = {
  dashboard: "/etc/ceph/keysystem/dashboard.crt",
  gateway: "/etc/ceph/keysystem/rgw.crt",
  sshKey: "/etc/ceph/keysystem/cephadm",
  sshCertificate: "/etc/ceph/keysystem/cephadm-cert.pub",
} as const;

const ADDRESS = MACHINES.find(({ name }) => name === "s1")?.address ?? "";
const PLACES = `[v2:${ADDRESS}:3300,v1:${ADDRESS}:6789]`;

const CONF = `[global]
fsid = $FSID
mon_initial_members = s1
mon_host = ${PLACES}
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_data_avail_warn = 1
mon_data_avail_crit = 1
[mgr]
mgr_initial_modules =
[osd]
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_class_load_list = *
osd_class_default_list = *
`;

/** Ceph itself, as its manual has it made by hand: a monitor, a manager, and a disk in memory for the gateway. */
export const MAKE_CEPH = `umask 022
cd /root
FSID=$(uuidgen)
cat >/etc/ceph/ceph.conf <<END
${CONF}END
ceph-authtool --create-keyring /etc/ceph/ceph.client.admin.keyring --gen-key -n client.admin \\
  --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
ceph-authtool --create-keyring mon.keyring --gen-key -n mon. --cap mon 'allow *'
ceph-authtool mon.keyring --import-keyring /etc/ceph/ceph.client.admin.keyring
monmaptool --create --fsid $FSID --addv s1 '${PLACES}' monmap
chown ceph: mon.keyring monmap && mv mon.keyring monmap /var/lib/ceph/
become="--setuser ceph --setgroup ceph"
ceph-mon $become --mkfs -i s1 --monmap /var/lib/ceph/monmap --keyring /var/lib/ceph/mon.keyring
systemctl start ceph-mon@s1
ceph config set mon auth_allow_insecure_global_id_reclaim false
cd /var/lib/ceph
install -d -o ceph -g ceph mgr/ceph-s1 osd/ceph-0 radosgw/ceph-rgw.s1
ceph auth get-or-create mgr.s1 mon 'allow profile mgr' osd 'allow *' -o mgr/ceph-s1/keyring
uuid=$(uuidgen)
ceph osd new $uuid
ceph auth get-or-create osd.0 mon 'allow profile osd' mgr 'allow profile osd' osd 'allow *' -o osd/ceph-0/keyring
ceph auth get-or-create client.rgw.s1 mon 'allow rw' osd 'allow rwx' mgr 'allow rw' -o radosgw/ceph-rgw.s1/keyring
chown -R ceph: mgr osd radosgw
ceph-osd $become -i 0 --mkfs --osd-uuid $uuid
ceph osd crush add osd.0 1.0 host=s1 root=default
systemctl start ceph-mgr@s1 ceph-osd@0
`;
