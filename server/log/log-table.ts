/**
 * The log: entry n carries SHA-256(hash of entry n-1 ‖ body). What stands before the first entry is
 * {@link GENESIS}. The triggers stop accidents; the chain betrays intent.
 */
export const LOG_TABLE = `
  CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
  ) STRICT;
  CREATE TRIGGER log_keeps_entries BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
  CREATE TRIGGER log_keeps_bodies BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
`;

/** The hash in front of the first entry. */
export const GENESIS: Buffer = Buffer.alloc(32);
