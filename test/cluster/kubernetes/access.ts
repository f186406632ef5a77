import { act, installKeyreq, kinit, setUp } from "../people.ts";
import type { Stage } from "../stage.ts";
import { until } from "../until.ts";
import { API } from "./control-plane.ts";
import { kubectl, kubectlOk, kubectlRefused } from "./kubectl.ts";
import { programPath } from "./programs.ts";
import { BINDINGS } from "./settings.ts";

/** keyreq knows from keyserver where the API is, and writes contexts for cela and alice, who have tickets. */
export async function setUpPeople(stage: Stage): Promise<void> {
  const d1 = stage.machine("d1");
  await installKeyreq(stage);
  await d1.type(`ln -sf ${programPath("kubectl")} /usr/local/bin/kubectl`);
  for (const user of ["cela", "alice"]) await setUp(stage, user);
  await kinit(d1, "cela", "cela/root");
  await kinit(d1, "alice", "alice");
}

type Self = {
  readonly status: {
    readonly userInfo: {
      readonly username: string;
      readonly groups: readonly string[];
      readonly extra: Readonly<Record<string, readonly string[]>>;
    };
  };
};

/** Who the API server takes somebody for, who is to be `username` of `group` with the certificate that keyreq keeps. */
export async function expectWho(
  stage: Stage,
  user: string,
  { username, group, grant }: Readonly<Record<"username" | "group" | "grant", string>>,
): Promise<void> {
  const self: Self = JSON.parse(await kubectlOk(stage, user, "auth whoami -o json"));
  const { userInfo } = self.status;
  const { stdout } = await act(stage.machine("d1"), user, HELD);
  const shown = userInfo.extra["authentication.kubernetes.io/credential-id"]?.[0] ?? "";
  const isAs = userInfo.username === username && userInfo.groups.includes(group);
  const isHeld = stdout.split("\n").includes(`${grant} ${shown}`);
  if (!isAs || !isHeld) throw new Error(`${JSON.stringify(userInfo)}\nheld:\n${stdout}`);
}

/** Lines `GRANT X509SHA256=…` of the certificates that keyreq keeps. */
const HELD = `find ~/.local/share/keysystem -name '*.crt' -o -name '*.pem' | while read -r file; do
  print=$(openssl x509 -noout -fingerprint -sha256 -in "$file" 2>/dev/null) || continue
  echo "$(basename "$(dirname "$file")") X509SHA256=$(echo "\${print#*=}" | tr -d : | tr A-F a-f)"
done`;

/** What cela does once: groups of the policy become roles. */
export async function bind(stage: Stage): Promise<void> {
  const { code, stderr } = await act(stage.machine("d1"), "cela", `set -e\n${BINDINGS}`);
  if (code !== 0) throw new Error(stderr);
}

/** alice reads, and does nothing else: by the group that the policy gives. */
export async function tryAsAlice(stage: Stage): Promise<void> {
  await until("alice reads pods", async () => {
    return (await kubectl(stage, "alice", "get pods --all-namespaces")).code === 0;
  });
  const forbidden = 'User "user:alice" cannot';
  for (const words of [
    "get secrets --all-namespaces",
    "get nodes",
    "create configmap mine",
    "create clusterrolebinding mine --clusterrole=cluster-admin --user=user:alice",
    "get --raw /api/v1/nodes/w1/proxy/pods",
    "get pods --as=system:admin",
    "get pods --as=root:cela --as-group=system:masters",
  ]) {
    await kubectlRefused(stage, "alice", words, forbidden);
  }
}

/** A certificate that is no client's, of another authority, or nobody's, is nobody to the API server. */
export async function refuseOthers(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const pki = "/etc/kubernetes/pki";
  const pairs = [
    "",
    ...["apiserver", "apiserver-etcd-client", "front-proxy-client"].map(
      (name) => `--cert ${pki}/${name}.crt --key ${pki}/${name}.key`,
    ),
    `--cert ${pki}/front-proxy-client.crt --key ${pki}/front-proxy-client.key -H 'X-Remote-User: alice' -H 'X-Remote-Groups: x'`,
  ];
  for (const pair of pairs) {
    const asked = `curl -s -o /dev/null -w '%{http_code}' --cacert ${pki}/ca.crt ${pair} ${API}/api/v1/namespaces`;
    const status = await m1.type(`${asked} || true`);
    // Who fronts for others is believed: alice may not list namespaces, and is known.
    const wanted = pair.includes("X-Remote-User") ? "403" : "401";
    if (status !== wanted) throw new Error(`${pair || "no certificate"}: ${status}, not ${wanted}`);
  }
}

/** A node's certificate is good for that node alone. */
export async function refuseNode(stage: Stage): Promise<void> {
  const w1 = stage.machine("w1");
  const as = `${programPath("kubectl")} --kubeconfig=/etc/kubernetes/kubelet.conf`;
  await w1.type(`${as} label node w1 --overwrite example.edu/own=yes`);
  for (const words of [
    "label node m1 example.edu/other=yes",
    "label node w1 node-restriction.kubernetes.io/own=yes",
    "get secrets --all-namespaces",
    "get pods --as=system:admin",
  ]) {
    const { code, stdout, stderr } = await w1.run(["sh", "-c", `${as} ${words}`]);
    if (code === 0) throw new Error(`w1 may: ${words}\n${stdout}`);
    if (!/forbidden|not allowed/i.test(stderr)) throw new Error(`${words}:\n${stderr}`);
  }
}

/** The kubelet's own port: nobody, and alice, get nothing. */
export async function refuseAtKubelet(stage: Stage): Promise<void> {
  const w1 = stage.machine("w1");
  const asked = `curl -s -o /dev/null -w '%{http_code}' --cacert /var/lib/kubelet/pki/ca.crt`;
  const url = `https://${w1.fqdn}:10250/pods`;
  const own =
    "--cert /var/lib/kubelet/pki/kubelet-client.crt --key /var/lib/kubelet/pki/kubelet-client.key";
  const proxy =
    "--cert /etc/kubernetes/pki/kube-proxy.crt --key /etc/kubernetes/pki/kube-proxy.key";
  for (const [pair, wanted] of [
    ["", "401"],
    [proxy, "403"],
    [own, "403"],
  ] as const) {
    const status = await w1.type(`${asked} ${pair} ${url}`);
    if (status !== wanted) throw new Error(`${pair || "no certificate"}: ${status}, not ${wanted}`);
  }
}

/** A token that the service accounts' key signed is somebody, and one with a bent signature nobody. */
export async function tryToken(stage: Stage): Promise<void> {
  const m1 = stage.machine("m1");
  const token = (await kubectlOk(stage, "cela", "create token default")).trim();
  const ask = (shown: string): Promise<string> =>
    m1.type(
      `curl -s -o /dev/null -w '%{http_code}' --cacert /etc/kubernetes/pki/ca.crt -H 'Authorization: Bearer ${shown}' ${API}/version`,
    );
  // The last letter but one of a signature carries bits of it, whatever its length.
  const bent = token.replace(/.(?=.$)/, (letter) => (letter === "A" ? "B" : "A"));
  const answers = [await ask(token), await ask(bent)];
  if (answers.join() !== "200,401") throw new Error(`answers: ${answers.join()}`);
}
