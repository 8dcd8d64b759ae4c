/** What the demo answers with, and how fast. */
export interface Reply {
  /** Refuses the request with this HTTP status and message. */
  readonly refusal: { readonly status: number; readonly message: string } | null;
  readonly firstTokenDelayMs: number;
  readonly tokenDelayMs: number;
  /** Sent in one piece before the rest. */
  readonly burst: string;
  readonly reasoning: readonly string[];
  readonly text: readonly string[];
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: 'stop' | 'length' | 'tool_calls';
  /** Where it falls silent for good, or breaks off. */
  readonly fault: Fault | null;
}

export type Fault =
  | { readonly kind: 'silent'; readonly after: 'nothing' | 'headers' | 'tokens' }
  | { readonly kind: 'drop'; readonly afterTokens: number };

export interface ToolCall {
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
}

/** About as fast as a quick model: 65 tokens a second. */
const TOKEN_DELAY_MS = 15;

export function say(text: string, changes: Partial<Reply> = {}): Reply {
  return {
    refusal: null,
    firstTokenDelayMs: 80,
    tokenDelayMs: TOKEN_DELAY_MS,
    burst: '',
    reasoning: [],
    text: tokens(text),
    toolCalls: [],
    finishReason: 'stop',
    fault: null,
    ...changes,
  };
}

export function call(text: string, toolCalls: readonly ToolCall[], changes: Partial<Reply> = {}): Reply {
  return say(text, { toolCalls, finishReason: 'tool_calls', ...changes });
}

/** Words with the space before them, as models cut text. */
export function tokens(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}
