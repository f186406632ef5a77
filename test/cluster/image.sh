#!/bin/sh
# image.sh IMAGE: builds what the machines of a cluster start from, and keeps it for the next time.
#
# Images lie in $KEYSYSTEM_CLUSTER: IMAGE/ is a root, or what is laid over the root of another;
# IMAGE.made says what it was made of. Inside the machines there is no way out, so everything that
# they need from Debian is in the image. Prints nothing when the image is there.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

self=$(readlink -f "$0")
suite=bookworm
recipe=1 # a number more when something changes below that the lists do not show
name=$1
case $name in
  base)
    over=
    packages="openssh-server etcd-server etcd-client krb5-user krb5-kdc krb5-admin-server slapd
      ldap-utils nftables curl openssl faketime procps iputils-ping libgssapi-krb5-2 libstdc++6
      less man-db jq strace"
    ;;
  ceph)
    over=base
    packages="ceph-mon ceph-mgr ceph-mgr-dashboard radosgw ceph-osd ceph-mgr-cephadm ceph-common"
    ;;
  kubernetes)
    over=base
    packages="containerd runc kubernetes-client iptables conntrack ethtool socat"
    ;;
  *)
    echo "image.sh: error: no image is called $name" >&2
    exit 2
    ;;
esac
# Installed, not running: each machine starts what it is there for.
quiet="etcd.service krb5-kdc.service krb5-admin-server.service slapd.service containerd.service nvmf-autoconnect.service
  man-db.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer"

mkdir -p "$KEYSYSTEM_CLUSTER"
cd "$KEYSYSTEM_CLUSTER"
if [ -n "$over" ]; then
  sh "$self" "$over"
  exec 8<"$over.lock"
  flock --shared 8
fi
made="$recipe $suite over:$over $(echo $packages) without: $(echo $quiet)"
is_made() { [ "$(cat "$name.made" 2>/dev/null || true)" = "$made" ]; }
! is_made || exit 0
# Clusters that run on the image hold this lock too, shared (main.ts).
exec 9>"$name.lock"
flock --nonblock 9 || { echo "image $name: waiting until nobody runs on the old one …"; flock 9; }
! is_made || exit 0
rm -f "$name.made"
rm -rf --one-file-system "$name" "$name.new" "$name.work" "$name.root"

# Where this machine gets Debian's packages from.
sources=/etc/apt/sources.list.d/debian.sources
mirror=$(awk '/^URIs:/ { print $2; exit }' "$sources" 2>/dev/null || true)
[ -n "$mirror" ] || mirror=$(awk '$1 == "deb" { print $2; exit }' /etc/apt/sources.list 2>/dev/null || true)
[ -n "$mirror" ] || mirror=http://deb.debian.org/debian

# Everything below is in a mount namespace of its own (main.ts calls it so), so that no mount outlives it.
if [ -z "$over" ]; then
  echo "image $name: debootstrap $suite …"
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2,ca-certificates "$suite" "$name.new" "$mirror" \
    >"$name.log" 2>&1 || { tail -n 20 "$name.log"; exit 1; }
  root=$name.new
else
  mkdir -p "$name.new" "$name.work" "$name.root"
  mount -t overlay overlay -o "lowerdir=$over,upperdir=$name.new,workdir=$name.work" "$name.root"
  root=$name.root
fi
echo "image $name: apt-get install …"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
if [ -e "$sources" ]; then
  cp "$sources" "$root/etc/apt/sources.list.d/debian.sources" && rm -f "$root/etc/apt/sources.list"
fi
apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-)' >"$root/etc/apt/apt.conf.d/90here" || true
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
in_root() { chroot "$root" "$@" >>"$name.log" 2>&1 </dev/null; }
in_root apt-get -q update && in_root apt-get -q -y install --no-install-recommends $packages || {
  tail -n 20 "$name.log"
  exit 1
}
for unit in $quiet; do in_root systemctl disable "$unit" || true; done
in_root apt-get clean
umount "$root/proc"
umount -l "$root/dev"
rm -rf "$root/usr/sbin/policy-rc.d" "$root/etc/ssh/"ssh_host_* "$root/etc/resolv.conf" "$root/etc/apt/apt.conf.d/90here" \
  "$root/var/lib/apt/lists" "$root/etc/machine-id"
[ -z "$over" ] || umount "$root"
mv "$name.new" "$name"
rm -rf --one-file-system "$name.work" "$name.root"
echo "$made" >"$name.made"
