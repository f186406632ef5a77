import { documentedLines } from "../documented.ts";
import type { Machine } from "../machines.ts";
import { programPath, type Program } from "./programs.ts";

const PAGE = "kubernetes.md";

/** What docs/kubernetes.md has people type on the first master for the service accounts' key. */
export const ACCOUNT_KEY = documentedLines(PAGE, "**The service accounts' key**").join("\n");

/** What it has an administrator type once. */
export const BINDINGS = documentedLines(PAGE, "**The groups that the policy gives**").join("\n");

/** Its lines of server.yaml. */
export const SERVER_YAML = `${documentedLines(PAGE, "`server.yaml` says where the API is").join("\n")}\n`;

/** Its recipe for a kubelet that does not look at its serving certificate again. */
export const OLD_KUBELET_RECIPE = `${documentedLines(PAGE, "**A kubelet older than 1.31**").join("\n")}\n`;

/** The flags that it gives for a program. */
export const flagsOf = (program: Program): readonly string[] =>
  documentedLines(PAGE, `**${program}:**`);

/** Where the daemons find what they are told to, and what of it docs/kubernetes.md's table has. */
const KUBECONFIGS = {
  "kube-controller-manager": [
    "/etc/kubernetes/pki/ca.crt",
    "/etc/kubernetes/pki/controller-manager",
  ],
  "kube-scheduler": ["/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/pki/scheduler"],
  kubelet: ["/var/lib/kubelet/pki/ca.crt", "/var/lib/kubelet/pki/kubelet-client"],
  "kube-proxy": ["/var/lib/kubelet/pki/ca.crt", "/etc/kubernetes/pki/kube-proxy"],
} as const;

/** A program that goes to the API server with a certificate of its own. */
export type Client = keyof typeof KUBECONFIGS;

/** `/etc/kubernetes/NAME.conf` of a program. */
export const kubeconfigPath = (client: Client): string =>
  `/etc/kubernetes/${client.replace(/^kube-(?=contr|sched)/, "")}.conf`;

/** The certificate that its kubeconfig names. */
export const certificateOf = (client: Client): string => `${KUBECONFIGS[client][1]}.crt`;

/** The page's kubeconfig, with the files of another program in the place of the controller manager's. */
export function formatKubeconfig(client: Client): string {
  const [anchors, files] = KUBECONFIGS[client];
  const [, ours] = KUBECONFIGS["kube-controller-manager"];
  const lines = documentedLines(PAGE, "`/etc/kubernetes/controller-manager.conf`:").join("\n");
  return `${lines.replaceAll(ours, files).replace("/etc/kubernetes/pki/ca.crt", anchors)}\n`;
}

/** The page's configuration of the kubelet, and what lets one run in a container, without pods. */
export const KUBELET_CONFIG = `${documentedLines(PAGE, "**kubelet**, in the file").join("\n")}
containerRuntimeEndpoint: unix:///run/fake-cri.sock
cgroupsPerQOS: false
enforceNodeAllocatable: []
failSwapOn: false
makeIPTablesUtilChains: false
resolvConf: ""
featureGates: {}
`;

/** Every request, with what it came with; and what kubelets ask about who comes to them. */
export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - { level: Request, resources: [{ group: authorization.k8s.io, resources: [subjectaccessreviews] }] }
  - { level: Metadata }
`;

/** A daemon as a unit that is there after a reboot too; `before` is a program that prepares for it. */
export async function startDaemon(
  machine: Machine,
  program: Program,
  flags: readonly string[],
  before?: string,
): Promise<void> {
  const command = [programPath(program), ...flags].join(" \\\n  ");
  await machine.write(
    `/etc/systemd/system/${program}.service`,
    `[Unit]
After=network.target etcd.service

[Service]
${before === undefined ? "" : `ExecStartPre=${before}\n`}ExecStart=${command}
Restart=on-failure
RestartSec=2

[Install]
WantedBy=multi-user.target
`,
  );
  await machine.type(`systemctl daemon-reload && systemctl enable --quiet --now ${program}`);
}
