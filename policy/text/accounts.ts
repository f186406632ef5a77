/**
 * Accounts that a system has without anybody asking: Debian's base-passwd, and those of the
 * services on a cluster's machines. A variable never produces one of them.
 */
export const SYSTEM_ACCOUNTS: ReadonlySet<string> = new Set(
  [
    "root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats",
    "nobody nogroup _apt adm operator halt shutdown ftp sshd messagebus polkitd dbus",
    "systemd-network systemd-resolve systemd-timesync systemd-coredump",
    "etcd ceph kube kubelet prometheus postgres docker containerd keyserver keysigner keyclient",
  ].flatMap((names) => names.split(" ")),
);
