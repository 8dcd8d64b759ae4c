/** Which Letta the windows of this person talk to. Holds no secret: a token is kept apart, bound to the origin. */
export type ServerChoice =
  | { readonly kind: 'own' }
  /** A Letta Code of the person's own, with its own agents, run by its own `letta`. */
  | { readonly kind: 'installed'; readonly lettaPath: string; readonly backendDir: string }
  /** One that somebody else runs. `origin`: `https://host:port`. */
  | { readonly kind: 'foreign'; readonly origin: string };

export const OWN_SERVER: ServerChoice = { kind: 'own' };
