import { GSS_MECH_OID_KRB5, GSS_MECH_OID_SPNEGO, initializeClient } from "kerberos";
import { Value } from "typebox/value";
import { KeysystemError } from "../../protocol/problems.ts";
import { createKerberosAuthenticator } from "../../server/authenticate/kerberos.ts";
import {
  loadKerberos,
  setKerberosEnvironment,
} from "../../server/authenticate/kerberos-library.ts";
import {
  type AcceptedToken,
  type Refused,
  type SpnegoCall,
  type SpnegoReply,
  SpnegoRequest,
} from "./spnego-messages.ts";

type Answer = SpnegoReply["result"];
type Client = Awaited<ReturnType<typeof initializeClient>>;

const clients = new Map<string, Client>();
let accept: (token: string) => Promise<AcceptedToken> = () => Promise.reject(new Error("not open"));

async function perform(call: SpnegoCall): Promise<Answer> {
  switch (call.call) {
    case "token":
      return makeToken(call);
    case "verify": {
      const client = clients.get(call.token);
      await client?.step(call.answer);
      return client?.contextComplete === true ? "complete" : "incomplete";
    }
    case "open":
      setKerberosEnvironment(call, process.env);
      accept = await createAcceptor(call.service);
      if (call.uid !== undefined) becomeUser(call.uid);
      return "open";
    case "accept":
      return accept(call.token);
  }
}

async function makeToken(call: Extract<SpnegoCall, { readonly call: "token" }>): Promise<string> {
  const mechOID = call.mechanism === "krb5" ? GSS_MECH_OID_KRB5 : GSS_MECH_OID_SPNEGO;
  const options = { mechOID, ...(call.flags === undefined ? {} : { flags: call.flags }) };
  const client = await initializeClient(call.service, options);
  const token = await client.step("");
  clients.set(token, client);
  return token;
}

function becomeUser(uid: number): void {
  process.setgroups?.([]);
  process.setgid?.(uid);
  process.setuid?.(uid);
}

async function createAcceptor(service: string): Promise<typeof accept> {
  const library = await loadKerberos();
  const now = (): number => Math.floor(Date.now() / 1000);
  const authenticate = createKerberosAuthenticator({ library, service, now });
  return async (token) => {
    const start = performance.now();
    const accepted = await authenticate(token);
    return { ...accepted, took: performance.now() - start };
  };
}

function refusalOf(error: unknown): Refused {
  const words = (value: unknown): string => (value instanceof Error ? value.message : "");
  if (!(error instanceof KeysystemError)) return { code: "gss", message: words(error), cause: "" };
  return { code: error.code, message: error.message, cause: words(error.cause) };
}

process.on("message", (message) => {
  const { id, call } = Value.Parse(SpnegoRequest, message);
  void perform(call)
    .catch(refusalOf)
    .then((result) => process.send?.({ id, result }));
});
