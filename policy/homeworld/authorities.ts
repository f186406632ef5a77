/** An authority that takes the place of one of Homeworld's. */
export type AuthorityRow = { readonly name: string; readonly body: string; readonly was: string };

const THIRTY_DAYS = "lifetime: 30d, max-lifetime: 35d";
const TLS = "kind: tls, keys: [ecdsa-p256, rsa-3072]";

/** In the order of a policy; those that nothing is issued under are left out. */
export const AUTHORITIES: readonly AuthorityRow[] = [
  {
    name: "nodes",
    body: "kind: tls, keys: [ed25519, ecdsa-p256], lifetime: 40d, max-lifetime: 45d",
    was: "keygranting; also for keyserver itself, which had clusterca",
  },
  { name: "kubernetes", body: `${TLS}, ${THIRTY_DAYS}`, was: "kubernetes" },
  { name: "etcd-server", body: `${TLS}, ${THIRTY_DAYS}`, was: "etcd-server, also for peers" },
  { name: "etcd-client", body: `${TLS}, ${THIRTY_DAYS}`, was: "etcd-client" },
  { name: "services", body: `${TLS}, ${THIRTY_DAYS}`, was: "clusterca, for the registry" },
  {
    name: "ssh-host",
    body: "kind: ssh-host, keys: [ed25519, rsa-3072], lifetime: 60d, max-lifetime: 70d",
    was: "ssh-host",
  },
  {
    name: "ssh-user",
    body: "kind: ssh-user, keys: [ed25519, ed25519-sk, ecdsa-p256], lifetime: 4h, max-lifetime: 4h",
    was: "ssh-user",
  },
];
