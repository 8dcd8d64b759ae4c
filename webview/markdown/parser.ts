import createParser from 'markdown-it';
import type { Env, MarkdownIt, Token } from 'markdown-it';

/** markdown-it drops what is nested deeper; such a block is shown as its raw text instead. */
export const MAX_NESTING = 100;

/** GFM without raw HTML. Every target becomes a token here: `linkTarget` alone decides what may be opened. */
function createMarkdownIt(): MarkdownIt {
  const md = new createParser({ html: false, linkify: true, maxNesting: MAX_NESTING });
  md.validateLink = () => true;
  // Names such as README.md would be links to Moldova: only www., http(s):// and e-mail addresses are linked.
  md.linkify.set({ fuzzyLink: false, fuzzyEmail: true, fuzzyIP: false });
  md.linkify.add('ftp:', null).add('//', null);
  md.linkify.add('www.', {
    validate: (text, position, self) => {
      const host = self.re.get_url_host_port().source;
      const match = new RegExp(`^${host}${self.re.get_path().source}`, 'i').exec(text.slice(position));
      return match?.[0].length ?? 0;
    },
    normalize: (match) => {
      match.url = `http://${match.url}`;
    },
  });
  // The block pass runs by itself (parseBlocks), the rest of the chain in parseInline.
  md.core.ruler.disable(['normalize', 'block']);
  return md;
}

/** The two passes of markdown-it apart: blocks first, so that definitions are known, then the text inside them. */
export class MarkdownParser {
  readonly #md = createMarkdownIt();

  parseBlocks(source: string, env: Env): Token[] {
    const tokens: Token[] = [];
    this.#md.block.parse(source, this.#md, env, tokens);
    return tokens;
  }

  /** Fills the children of the inline tokens in place. */
  parseInline(tokens: Token[], env: Env): Token[] {
    const state = new this.#md.core.State('', this.#md, env);
    state.tokens = tokens;
    this.#md.core.process(state);
    return state.tokens;
  }
}

export type { Token };
