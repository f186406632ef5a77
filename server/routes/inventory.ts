import { Type } from "typebox";
import {
  CertificateList,
  CertificateQuery,
  CertificateView,
} from "../../protocol/admin-messages.ts";
import { ADMIN_PATHS } from "../../protocol/paths.ts";
import { KeysystemError } from "../../protocol/problems.ts";
import { requireOperate } from "../admin/authorize.ts";
import type { Authenticate } from "../authenticate/authenticate.ts";
import type { ActivePolicy } from "../issue/active-policy.ts";
import { formatCertificate } from "../issue/rendered-certificate.ts";
import type { Ledger, StoredCertificate } from "../ledger/ledger.ts";
import { formatTime } from "../time.ts";
import type { App } from "./app.ts";

export type InventoryDeps = {
  readonly authenticate: Authenticate;
  readonly policy: () => ActivePolicy;
  readonly ledger: Pick<Ledger, "listCertificates" | "findCertificate">;
  readonly now: () => number;
};

/** Rows of a listing when nothing is said, and at most. */
const LIMIT = { usual: 100, most: 1000 } as const;

/** `GET /v1/certificates` lists, newest first; `GET /v1/certificates/{serial}` shows one whole. */
export function inventoryRoutes(app: App, deps: InventoryDeps): void {
  const security = [{ admin: [] }, { kerberos: [] }, { password: [] }];
  const list = {
    summary: "The inventory",
    security,
    querystring: CertificateQuery,
    response: { 200: CertificateList },
  };
  app.get(ADMIN_PATHS.certificates, { schema: list }, async (request) => {
    const caller = await deps.authenticate(request);
    requireOperate(deps.policy().policy, caller, "audit");
    const { subject: of, grant, expiring, limit } = request.query;
    const at = deps.now();
    const found = await deps.ledger.listCertificates({
      at,
      limit: Math.min(Number(limit ?? LIMIT.usual), LIMIT.most),
      ...(of === undefined ? {} : { subject: of }),
      ...(grant === undefined ? {} : { grant }),
      ...(expiring === undefined ? {} : { expiringBefore: at + Number(expiring) }),
    });
    return { certificates: found.map((stored) => viewCertificate(stored)) };
  });

  const params = Type.Object({ serial: Type.String() });
  const one = { summary: "One certificate", security, params, response: { 200: CertificateView } };
  app.get(`${ADMIN_PATHS.certificates}/:serial`, { schema: one }, async (request) => {
    const caller = await deps.authenticate(request);
    requireOperate(deps.policy().policy, caller, "audit");
    const stored = await deps.ledger.findCertificate(request.params.serial.toLowerCase());
    if (stored === undefined) {
      const detail = "no certificate with this serial: see keyserver cert list";
      throw new KeysystemError("request.not_found", detail);
    }
    const { certificate } = stored;
    const text = certificate === undefined ? {} : { certificate: formatCertificate(certificate) };
    return { ...viewCertificate(stored), ...text };
  });
}

function viewCertificate(stored: StoredCertificate): CertificateView {
  const { serial, state, authority, grant, subject, policy, from, reason, why, at } = stored;
  const { notBefore, notAfter } = stored;
  return {
    serial,
    state,
    authority,
    grant,
    subject,
    policy,
    issuedAt: formatTime(at),
    ...(why === undefined ? {} : { why }),
    ...(from === undefined ? {} : { from }),
    ...(reason === undefined ? {} : { reason }),
    ...(notBefore === undefined ? {} : { notBefore: formatTime(notBefore) }),
    ...(notAfter === undefined ? {} : { notAfter: formatTime(notAfter) }),
  };
}
