/** Where in a configuration file. */
export type Place = {
  readonly file: string;
  /** 1-based, as the column. */
  readonly line: number;
  readonly column: number;
};

/** What is wrong with a configuration file; the message begins with `FILE:LINE:COLUMN: `. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly file: string;
  /** 1-based, as the column. */
  readonly line: number;
  readonly column: number;

  constructor(place: Place, message: string) {
    super(`${place.file}:${place.line}:${place.column}: ${message}`);
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
  }
}
