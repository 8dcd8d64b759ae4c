import type { ChatRequest } from './chatRequest.ts';
import { call, say, type Reply, type ToolCall } from './reply.ts';

/**
 * For our own suites, only with LETTA_DEMO_TEST=1 in the environment. A message is a test message when it begins with `TEST`; words of it steer the reply:
 *
 *   N=20            so many tokens, `tok0 tok1 …`              (6)
 *   D=15            milliseconds between tokens                (15)
 *   FIRST=3000      milliseconds before the first token        (0)
 *   SIZE=95         so many KB of Markdown in one piece before the tokens
 *   REASON=5        reasoning tokens first, `think0 think1 …`
 *   USE=1200        prompt tokens in the usage figures
 *   CALL:Bash:{"command":"ls","description":"List"};;   a tool call; several are made in parallel. A call without an
 *                   argument that the tool requires is denied by the runtime itself
 *   AFTER:text;;    the text after the tools' results          (All done.)
 *   ERR=500x2       the first 2 requests with this very text fail with status 500
 *   DROP=5x1        the connection breaks after 5 tokens, for the first request with this very text
 *   HANG            no answer at all; HANG=headers, HANG=tokens: silent after these
 *   EMPTY           an empty reply
 *   CUT             stops at the output limit
 */
export class TestDirectives {
  readonly #seen = new Map<string, number>();

  /** Null: not a test message. */
  reply(request: ChatRequest): (Reply & { readonly promptTokens: number | null }) | null {
    const { typed } = request;
    if (!/^TEST\b/.test(typed)) return null;
    const promptTokens = numberOf(typed, 'USE');
    if (request.toolResults.length > 0) {
      return { ...say(/\bAFTER:([\s\S]*?);;/.exec(typed)?.[1] ?? 'All done.'), promptTokens };
    }
    const nth = (this.#seen.get(typed) ?? 0) + 1;
    this.#seen.set(typed, nth);
    return { ...this.#first(request, nth), promptTokens };
  }

  #first({ typed, hasTools }: ChatRequest, nth: number): Reply {
    const common = {
      firstTokenDelayMs: numberOf(typed, 'FIRST') ?? 0,
      tokenDelayMs: numberOf(typed, 'D') ?? 15,
      burst: markdownOf((numberOf(typed, 'SIZE') ?? 0) * 1024),
      reasoning: numbered('think', numberOf(typed, 'REASON') ?? 0),
      refusal: refusalOf(typed, nth),
      fault: faultOf(typed, nth),
    };
    const calls = hasTools ? callsOf(typed) : [];
    if (calls.length > 0) return call('Let me do that.', calls, common);
    const count = /\bEMPTY\b/.test(typed) ? 0 : (numberOf(typed, 'N') ?? 6);
    const finishReason = /\bCUT\b/.test(typed) ? 'length' : 'stop';
    return say('', { ...common, text: numbered('tok', count), finishReason });
  }
}

function numberOf(text: string, name: string): number | null {
  const found = new RegExp(`\\b${name}=(\\d+)`).exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

function numbered(word: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${word}${String(index)} `);
}

function callsOf(text: string): readonly ToolCall[] {
  return Array.from(text.matchAll(/\bCALL:(\w+):(\{[\s\S]*?\});;/g), (found) => ({
    name: found[1] ?? '',
    arguments: found[2] ?? '',
  }));
}

function refusalOf(text: string, nth: number): Reply['refusal'] {
  const found = /\bERR=(\d+)x(\d+)/.exec(text);
  if (found === null || nth > Number(found[2])) return null;
  return { status: Number(found[1]), message: `The test asked for status ${String(found[1])}.` };
}

function faultOf(text: string, nth: number): Reply['fault'] {
  const drop = /\bDROP=(\d+)x(\d+)/.exec(text);
  if (drop !== null && nth <= Number(drop[2])) return { kind: 'drop', afterTokens: Number(drop[1]) };
  const hang = /\bHANG(?:=(headers|tokens))?\b/.exec(text);
  if (hang === null) return null;
  return { kind: 'silent', after: hang[1] === 'headers' || hang[1] === 'tokens' ? hang[1] : 'nothing' };
}

/** Paragraphs and code of exactly so many characters. */
function markdownOf(sizeBytes: number): string {
  const block =
    'A paragraph of a long message, with **strong** words and `code`, that is here to fill it.\n\n' +
    '```ts\nexport const answer = 42;\nexport const question = null;\n```\n\n- one item\n- another item\n\n';
  return block.repeat(Math.ceil(sizeBytes / block.length)).slice(0, sizeBytes);
}
