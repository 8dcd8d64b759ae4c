/** A Letta Code of the person's own, which this broker runs in place of the one that is carried. */
export interface OtherLetta {
  /** Its program: what `letta` on PATH leads to. */
  readonly path: string;
  /** Where it keeps its agents. */
  readonly backendDir: string;
}

/** `--letta PATH --backend-dir DIR` of the broker's command line. */
export function otherLetta(argv: readonly string[] = process.argv): OtherLetta | null {
  const path = valueOf(argv, '--letta');
  const backendDir = valueOf(argv, '--backend-dir');
  return path === null || backendDir === null ? null : { path, backendDir };
}

function valueOf(argv: readonly string[], name: string): string | null {
  const at = argv.indexOf(name);
  return at === -1 ? null : (argv[at + 1] ?? null);
}
