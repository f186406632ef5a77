import { KIND } from "./names.ts";

/** A fault, and the query for the places that have it: one text each. */
export type FaultQuery = { readonly what: string; readonly query: string };

/** What the intent of a row says, as the log spells it. */
const TOLD = `
  intents
  JOIN names AS authorities ON authorities.id = authority AND authorities.kind = ${KIND.authority}
  JOIN names AS grants ON grants.id = grant_id AND grants.kind = ${KIND.grant}
  JOIN names AS subjects ON subjects.id = subject AND subjects.kind = ${KIND.subject}
  JOIN names AS policies ON policies.id = policy AND policies.kind = ${KIND.policy}`;

/** A log entry that tells of the intent in the same words (those that the log keeps whole). */
const AGREES = `
  body ->> '$.authority' = authorities.name AND body ->> '$.serial' = lower(hex(serial))
  AND body ->> '$.subject' = subjects.name`;

/** Every invariant that a query can see. */
export const FAULTS: readonly FaultQuery[] = [
  {
    what: "refers to a row that is not there",
    query: `SELECT format('%s %s', "table", rowid) FROM pragma_foreign_key_check`,
  },
  {
    what: "names an authority, grant, subject or policy that is not there",
    query: `SELECT 'intent ' || seq FROM intents WHERE seq NOT IN (SELECT seq FROM ${TOLD})`,
  },
  {
    what: "is used more than once",
    query: `SELECT format('serial %s of authority %s', lower(hex(serial)), authority) FROM intents NOT INDEXED
      GROUP BY authority, serial HAVING count(*) > 1`,
  },
  {
    what: "has both a certificate and an end without one",
    query: "SELECT 'intent ' || intent FROM certificates JOIN abandoned USING (intent)",
  },
  {
    what: "was left open by an earlier process",
    query: `SELECT 'intent ' || seq FROM intents WHERE seq <= (SELECT settled FROM schema)
      AND seq NOT IN (SELECT intent FROM certificates) AND seq NOT IN (SELECT intent FROM abandoned)`,
  },
  {
    what: "has no log entry that tells of it",
    query: `SELECT 'certificate ' || intent FROM certificates WHERE NOT EXISTS (
      SELECT 1 FROM ${TOLD} JOIN log ON log.seq = entry WHERE intents.seq = intent AND ${AGREES}
      AND body ->> '$.event' = 'certificate.issued' AND body ->> '$.grant' = grants.name
      AND body ->> '$.policy' = policies.name)`,
  },
  {
    what: "tells of a certificate that is not there",
    query: `SELECT 'log entry ' || seq FROM log WHERE body ->> '$.event' = 'certificate.issued'
      AND seq NOT IN (SELECT entry FROM certificates)`,
  },
  {
    what: "is told of by more than one row",
    query: `SELECT 'log entry ' || entry FROM (
      SELECT entry FROM certificates UNION ALL SELECT entry FROM abandoned)
      GROUP BY entry HAVING count(*) > 1`,
  },
  {
    what: "was abandoned without a log entry",
    query: `SELECT 'intent ' || intent FROM abandoned WHERE NOT EXISTS (
      SELECT 1 FROM ${TOLD} JOIN log ON log.seq = entry WHERE intents.seq = intent AND ${AGREES}
      AND body ->> '$.event' = 'certificate.abandoned')`,
  },
  {
    what: "tells of an abandoned intent that is not there",
    query: `SELECT 'log entry ' || seq FROM log WHERE body ->> '$.event' = 'certificate.abandoned'
      AND seq NOT IN (SELECT entry FROM abandoned)`,
  },
  {
    what: "is not spent for an identity certificate of its node",
    query: `SELECT 'token ' || id FROM tokens WHERE state = 'spent' AND NOT EXISTS (
      SELECT 1 FROM certificates WHERE intent = spent_for AND identity_of = node)`,
  },
  {
    what: "has been joined with, and is not spent for it",
    query: `SELECT 'token ' || (body ->> '$.token') FROM log JOIN certificates ON entry = log.seq
      WHERE body ->> '$.event' = 'certificate.issued' AND body ->> '$.token' IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM tokens WHERE id = body ->> '$.token' AND spent_for = intent)`,
  },
  {
    what: "was spent for a certificate that another was spent for too",
    query: `SELECT 'token ' || max(id) FROM tokens WHERE spent_for IS NOT NULL
      GROUP BY spent_for HAVING count(*) > 1`,
  },
  {
    what: "has used an identity certificate that is not its own",
    query: `SELECT 'node ' || name FROM nodes WHERE confirmed IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM certificates WHERE intent = confirmed AND identity_of = name)`,
  },
  {
    what: "does not count its certificates right",
    query: `SELECT 'authority ' || name FROM names WHERE kind = ${KIND.authority}
      AND (SELECT coalesce(sum(issued), 0) FROM tallies WHERE authority = names.id)
       IS NOT (SELECT count(*) FROM certificates JOIN intents ON seq = intent WHERE authority = names.id)`,
  },
];
