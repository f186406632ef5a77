import type { Stage } from "../stage.ts";
import { until } from "../until.ts";
import { kubectl, kubectlOk } from "./kubectl.ts";
import { renew } from "./renewals.ts";

const FILE = "/etc/kubernetes/pki/front-proxy-client.crt";
const GROUP = "probe.example.edu";

/** A server behind the API server, on w1: it tells whoever comes with which certificate, and takes no other authority's. */
const manifests = (address: string): string => `apiVersion: v1
kind: Service
metadata: { name: probe, namespace: default }
spec: { ports: [{ name: https, port: 443, targetPort: 8443 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: probe, namespace: default, labels: { kubernetes.io/service-name: probe } }
addressType: IPv4
endpoints: [{ addresses: [${address}], conditions: { ready: true } }]
ports: [{ name: https, port: 8443, protocol: TCP }]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: { name: v1.${GROUP} }
spec:
  { group: ${GROUP}, version: v1, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true,
    service: { name: probe, namespace: default } }
`;

/** Sees with which certificate the API server goes on for a person, before a renewal and after it. */
export async function renewFrontProxy(stage: Stage): Promise<void> {
  const [m1, w1, d1] = [stage.machine("m1"), stage.machine("w1"), stage.machine("d1")];
  await w1.write(
    "/etc/probe/front-proxy-ca.crt",
    await m1.read("/etc/kubernetes/pki/front-proxy-ca.crt"),
  );
  const own = "-cert /var/lib/kubelet/pki/kubelet.crt -key /var/lib/kubelet/pki/kubelet.key";
  const asked = "-CAfile /etc/probe/front-proxy-ca.crt -Verify 1 -verify_return_error";
  await w1.type(
    `systemd-run --quiet --unit=probe-api openssl s_server -accept 8443 -www ${own} ${asked}`,
  );
  await d1.write("/tmp/probe.yaml", manifests(w1.address));
  try {
    await kubectlOk(stage, "cela", "apply -f /tmp/probe.yaml");
    await expectShown(stage, 60);
    await renew(m1, "front-proxy", FILE);
    const began = performance.now();
    await expectShown(stage, 20);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    stage.figure("API server as front proxy: new certificate in use", `${seconds} s`);
  } finally {
    await kubectl(stage, "cela", "delete -f /tmp/probe.yaml");
    await w1.run(["systemctl", "stop", "probe-api"]);
  }
}

/** Waits until that server is shown what is on disk. */
async function expectShown(stage: Stage, seconds: number): Promise<void> {
  const m1 = stage.machine("m1");
  const certificate = await m1.type(`openssl x509 -in ${FILE}`);
  await until(
    "the front proxy's certificate, as the server behind sees it",
    async () => {
      const { stdout, stderr } = await kubectl(stage, "cela", `get --raw /apis/${GROUP}/v1`);
      if (stdout.includes(certificate.trim())) return true;
      throw new Error(
        `${stderr}${stdout.slice(-2000)}\n${await stage.machine("w1").journal("probe-api", 15)}`,
      );
    },
    { seconds, every: 2 },
  );
}
