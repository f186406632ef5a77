import { MASTERS } from "./nodes.ts";
import { fqdn } from "./site.ts";

/** Where the shipped recipes put what etcd and its clients read. */
export const ETCD_FILES = {
  server: { certificate: "/etc/etcd/pki/server.crt", key: "/etc/etcd/pki/server.key" },
  peer: { certificate: "/etc/etcd/pki/peer.crt", key: "/etc/etcd/pki/peer.key" },
  client: {
    certificate: "/etc/kubernetes/pki/apiserver-etcd-client.crt",
    key: "/etc/kubernetes/pki/apiserver-etcd-client.key",
  },
  serverAnchors: "/etc/etcd/pki/ca.crt",
  peerAnchors: "/etc/etcd/pki/peer-ca.crt",
  clientAnchors: "/etc/kubernetes/pki/etcd/ca.crt",
} as const;

/** `https://m1.hyades.example.edu:2379`. */
export const clientUrl = (name: string): string => `https://${fqdn(name)}:2379`;

/** `/etc/default/etcd` of a member, for Debian's unit. Members and clients have to show certificates. */
export const formatEtcdDefaults = (name: string, address: string): string => `ETCD_NAME=${name}
ETCD_INITIAL_CLUSTER=${MASTERS.map((each) => `${each}=https://${fqdn(each)}:2380`).join(",")}
ETCD_INITIAL_CLUSTER_STATE=new
ETCD_INITIAL_ADVERTISE_PEER_URLS=https://${fqdn(name)}:2380
ETCD_ADVERTISE_CLIENT_URLS=${clientUrl(name)}
ETCD_LISTEN_PEER_URLS=https://${address}:2380,https://127.0.0.1:2380
ETCD_LISTEN_CLIENT_URLS=https://${address}:2379,https://127.0.0.1:2379
ETCD_CERT_FILE=${ETCD_FILES.server.certificate}
ETCD_KEY_FILE=${ETCD_FILES.server.key}
ETCD_CLIENT_CERT_AUTH=true
ETCD_TRUSTED_CA_FILE=${ETCD_FILES.serverAnchors}
ETCD_PEER_CERT_FILE=${ETCD_FILES.peer.certificate}
ETCD_PEER_KEY_FILE=${ETCD_FILES.peer.key}
ETCD_PEER_CLIENT_CERT_AUTH=true
ETCD_PEER_TRUSTED_CA_FILE=${ETCD_FILES.peerAnchors}
# Three members, six machines and one disk.
ETCD_HEARTBEAT_INTERVAL=500
ETCD_ELECTION_TIMEOUT=5000
`;

/** A command for etcdctl with the credentials that keyclient keeps on a master. */
export function etcdctl(endpoints: readonly string[], ...command: readonly string[]): string[] {
  const { certificate, key } = ETCD_FILES.client;
  const as = [`--cacert=${ETCD_FILES.clientAnchors}`, `--cert=${certificate}`, `--key=${key}`];
  const to = `--endpoints=${endpoints.map(clientUrl).join(",")}`;
  return ["env", "ETCDCTL_API=3", "etcdctl", to, ...as, "--command-timeout=10s", ...command];
}

/** Lines for a shell that writes to each member in turn, one line for each write: `m2 17 ok` or what went wrong. */
export const WRITER = `n=0
while true; do
  n=$((n + 1))
  for member in ${MASTERS.join(" ")}; do
    if said=$(ETCDCTL_API=3 etcdctl --endpoints=https://$member.${fqdn("").slice(1)}:2379 \\
      --cacert=${ETCD_FILES.clientAnchors} --cert=${ETCD_FILES.client.certificate} --key=${ETCD_FILES.client.key} \\
      --command-timeout=10s put writes/$member $n 2>&1)
    then echo "$member $n ok"
    else echo "$member $n FAILED $(date -u +%T) $said" | tr '\\n' ' '; echo
    fi
  done
  sleep 1
done
`;
