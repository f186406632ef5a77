/** What is to be known of a code beyond one message. */
export type CodePage = {
  /** Three to six words, without a full stop. */
  readonly title: string;
  /** What it means and why the rule is there: sentences. */
  readonly meaning: string;
  /** A part of a policy that gives this code, and no other error. */
  readonly wrong: string;
  /** The same part without the fault. */
  readonly right: string;
};
