import { subjectText } from "../../policy/identify.ts";
import { CertificateRequests, CertificateResults } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import type { Caller } from "../authenticate/caller.ts";
import type { Inform } from "../authenticate/inform.ts";
import type { Issuer } from "../issue/issuer.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { App } from "./app.ts";

export type CertificatesDeps = {
  readonly authenticate: Authenticate;
  readonly inform: Inform;
  readonly issuer: Issuer;
  readonly ledger: Pick<Ledger, "note">;
  /** Seconds since 1970. */
  readonly now: () => number;
};

/** `POST /v1/certificates` issues what the caller is granted, each request on its own. */
export function certificatesRoute(app: App, deps: CertificatesDeps): void {
  const schema = {
    summary: "Issue certificates",
    security: [{ node: [] }, { kerberos: [] }, { password: [] }],
    body: CertificateRequests,
    response: { 200: CertificateResults },
  };
  app.post(PATHS.certificates, { schema }, async (request) => {
    const { requests } = request.body;
    const asked = requests.map(({ grant }) => grant);
    const caller = await deps.authenticate(request, asked);
    if (caller.subject.kind !== "person") return deps.issuer.issueAll(caller, requests);
    const person = await deps.inform(caller, asked);
    await noteFacts(deps, person);
    return deps.issuer.issueAll(person, requests);
  });
}

/** What the directories said, with its age, is in the log before anything is issued on the strength of it. */
async function noteFacts(
  { ledger, now }: CertificatesDeps,
  { subject, from, directories = [] }: Caller,
): Promise<void> {
  const found = directories.filter(({ groups = [] }) => groups.length > 0);
  if (found.length === 0) return;
  await ledger.note({
    at: now(),
    event: "person.facts",
    subject: subjectText(subject),
    ...(from === undefined ? {} : { from }),
    facts: found.map(({ directory, state, age, groups }) => ({ directory, state, age, groups })),
  });
}
