import { Type, type Static } from "typebox";

const closed = { additionalProperties: false };
const Path = Type.String({
  pattern: "^/[^\\u0000-\\u001f\\u007f]+$",
  maxLength: 1024,
  description: "an absolute path",
});
const Grant = Type.String({
  pattern: "^[a-z0-9][a-z0-9-]{0,63}$",
  description: "a name of lower-case letters, digits and hyphens",
});
const Account = Type.String({
  pattern: "^[a-z_][a-z0-9_-]{0,31}$",
  description: "the name of an account",
});
const Address = Type.String({
  pattern: "^(\\[[0-9a-fA-F:]+\\]|[0-9A-Za-z][0-9A-Za-z.-]*):[0-9]{1,5}$",
  description: "HOST:PORT",
});

/** Kinds of key that keyclient makes. */
export const MADE_KEYS = [
  "ecdsa-p256",
  "ecdsa-p384",
  "ed25519",
  "rsa-2048",
  "rsa-3072",
  "rsa-4096",
] as const;
export type MadeKey = (typeof MADE_KEYS)[number];

/** Where a service serves its certificate, so that what is in use can be told from what is on disk. */
export const Probe = Type.Union([
  Type.Object({ tls: Address }, closed),
  Type.Object({ ssh: Address }, closed),
]);
export type Probe = Static<typeof Probe>;

/** A list of anchors that a service reads, kept equal to those of the named authorities. */
export const Bundle = Type.Object(
  { file: Path, authorities: Type.Array(Grant, { minItems: 1 }) },
  closed,
);
export type Bundle = Static<typeof Bundle>;

const Command = Type.Array(Type.String({ maxLength: 4096 }), { minItems: 1, maxItems: 64 });

/** A recipe as it is written (docs/recipes.md). All that it can say is here: there is no shell. */
export const RecipeText = Type.Object(
  {
    grant: Grant,
    form: Type.Optional(
      Type.Union([Type.Literal("pem"), Type.Literal("combined"), Type.Literal("ssh")]),
    ),
    files: Type.Object(
      {
        /** PKCS#8 PEM; in form `ssh` OpenSSH's own format. */
        key: Type.Optional(Path),
        /** The certificate, then its intermediates; in form `ssh` one line. */
        certificate: Type.Optional(Path),
        /** Intermediates, then the anchors of the authority. */
        chain: Type.Optional(Path),
        /** Form `combined`: key, certificate and intermediates in one file. */
        combined: Type.Optional(Path),
        /** Form `ssh`: the public key line. */
        public: Type.Optional(Path),
      },
      closed,
    ),
    owner: Type.Optional(Account),
    group: Type.Optional(Account),
    /** Of the file that holds the key; others are 0644. */
    mode: Type.Optional(
      Type.String({ pattern: "^0[0-7]{3}$", description: 'a mode in quotes, as "0640"' }),
    ),
    "key-kind": Type.Optional(Type.Union(MADE_KEYS.map((kind) => Type.Literal(kind)))),
    "keep-key": Type.Optional(Type.Boolean()),
    bundles: Type.Optional(Type.Array(Bundle)),
    /** Program and arguments, run without a shell; or several such, run one after the other. */
    reload: Type.Optional(
      Type.Union([Command, Type.Array(Command, { minItems: 1, maxItems: 8 })], {
        description: "a list: a program and its arguments, or several such lists",
      }),
    ),
    probe: Type.Optional(Probe),
    /** Seconds that each command of the reload may take, and again the service to serve what is new. */
    timeout: Type.Optional(Type.Integer({ minimum: 1, maximum: 600 })),
    /** Nothing is asked for where owner or group do not exist on the machine. */
    optional: Type.Optional(Type.Boolean()),
    /** Nothing is asked for where this does not exist on the machine. */
    needs: Type.Optional(Path),
  },
  closed,
);
export type RecipeText = Static<typeof RecipeText>;

/** Which files a credential is written to. */
export type RecipeFiles =
  | {
      readonly form: "pem";
      readonly key: string;
      readonly certificate: string;
      readonly chain?: string;
    }
  | { readonly form: "combined"; readonly combined: string; readonly chain?: string }
  | {
      readonly form: "ssh";
      readonly key: string;
      readonly certificate: string;
      readonly public?: string;
    };

/** A recipe that was checked, with its owner looked up. */
export type Recipe = {
  readonly grant: string;
  /** The file that says so, for messages. */
  readonly source: string;
  /** A shipped recipe speaks of the machine's own services, so under another root it reloads and probes nothing. */
  readonly shipped: boolean;
  readonly files: RecipeFiles;
  readonly uid: number;
  readonly gid: number;
  readonly keyMode: number;
  readonly keyKind?: MadeKey;
  readonly keepKey: boolean;
  readonly bundles: readonly Bundle[];
  /** Commands, each a program with its arguments. */
  readonly reload: readonly (readonly string[])[];
  readonly probe?: Probe;
  /** Seconds. */
  readonly timeout: number;
};
