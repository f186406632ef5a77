import { KRB5_CONF, LDAP_TLS, READER_PASSWORD, SERVER_YAML } from "./directory.ts";
import { SERVER_YAML as PLACES } from "./kubernetes/settings.ts";
import { NODES } from "./nodes.ts";
import type { Stage } from "./stage.ts";

/**
 * Gives m1 the keytab and the reader's password of d1, and says so in server.yaml, with where the Kubernetes API is
 * going to be: keyserver must not run yet.
 */
export async function connectDirectories(stage: Stage): Promise<void> {
  const [m1, d1] = [stage.machine("m1"), stage.machine("d1")];
  for (const name of NODES) await stage.machine(name).write("/etc/krb5.conf", KRB5_CONF);
  const owner = "keyserver:keyserver";
  const keytab = await d1.type("base64 /root/http.keytab");
  await m1.write("/root/http.keytab.b64", keytab, { mode: "0600" });
  await m1.type("base64 -d /root/http.keytab.b64 >/etc/keysystem/http.keytab");
  await m1.type(
    "chown keyserver: /etc/keysystem/http.keytab && chmod 0400 /etc/keysystem/http.keytab",
  );
  await m1.write("/etc/keysystem/ldap-ca.pem", await d1.read(LDAP_TLS.ca));
  await m1.write("/etc/keysystem/ldap.password", `${READER_PASSWORD}\n`, { mode: "0400", owner });
  const before = await m1.read("/etc/keysystem/server.yaml");
  const shown = await m1.ok(["stat", "-c", "%U:%G %a", "/etc/keysystem/server.yaml"]);
  const [owned = "", mode = ""] = shown.trim().split(" ");
  await m1.write("/etc/keysystem/server.yaml", `${before}${SERVER_YAML}${PLACES}`, {
    owner: owned,
    mode,
  });
}
