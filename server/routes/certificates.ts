import { CertificateRequests, CertificateResults } from "../../protocol/messages.ts";
import { PATHS } from "../../protocol/paths.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import type { Issuer } from "../issue/issuer.ts";
import type { App } from "./app.ts";

export type CertificatesDeps = { readonly authenticate: Authenticate; readonly issuer: Issuer };

/** `POST /v1/certificates` issues what the caller is granted, each request on its own. */
export function certificatesRoute(app: App, { authenticate, issuer }: CertificatesDeps): void {
  const schema = {
    summary: "Issue certificates",
    security: [{ node: [] }],
    body: CertificateRequests,
    response: { 200: CertificateResults },
  };
  app.post(PATHS.certificates, { schema }, async (request) =>
    issuer.issueAll(await authenticate(request), request.body.requests),
  );
}
