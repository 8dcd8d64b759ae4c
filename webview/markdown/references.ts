import type { Env } from 'markdown-it';

type References = NonNullable<Env['references']>;
type Reference = References[string];

/**
 * Link reference definitions of one message. A definition counts from the moment its block is closed: before, its
 * target may still be growing, and every block that names it would change with every token.
 */
export class LinkReferences {
  readonly #closed = new Map<string, Reference>();

  /** For the block pass: new definitions go to `found`, first one wins. */
  blockEnv(found: Map<string, Reference>): Env {
    return {
      references: view(
        (label) => this.#closed.get(label) ?? found.get(label),
        (label, reference) => found.set(label, reference),
      ),
    };
  }

  /** For the inline pass: labels that were asked for and are not defined yet go to `missed`. */
  inlineEnv(missed: Set<string>): Env {
    return {
      references: view(
        (label) => {
          const reference = this.#closed.get(label);
          if (reference === undefined) missed.add(label);
          return reference;
        },
        () => undefined,
      ),
    };
  }

  /** Returns whether the label is new. */
  close(label: string, reference: Reference): boolean {
    if (this.#closed.has(label)) return false;
    this.#closed.set(label, reference);
    return true;
  }
}

/** markdown-it reads and writes definitions as properties of an object; a Map behind it keeps `__proto__` a name. */
function view(
  get: (label: string) => Reference | undefined,
  set: (label: string, reference: Reference) => unknown,
) {
  return new Proxy<References>(Object.create(null) as References, {
    get: (_target, label) => (typeof label === 'string' ? get(label) : undefined),
    set: (_target, label, reference: Reference) => {
      if (typeof label === 'string') set(label, reference);
      return true;
    },
  });
}

export type { Reference };
