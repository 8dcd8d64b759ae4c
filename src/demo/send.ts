import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChatRequest } from './chatRequest.ts';
import type { Reply, ToolCall } from './reply.ts';

/** Arguments of a tool call come in pieces, as models send them. */
const ARGUMENT_PIECE = 24;

/** Streams a reply as server-sent events, each token at its time. Ends early when the reader goes away. */
export async function sendStream(
  response: ServerResponse,
  chat: ChatRequest,
  reply: Reply,
  promptTokens: number,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => {
    gone.abort();
  });
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
  if (reply.fault?.kind === 'silent' && reply.fault.after === 'headers') return;
  const stream = new ChunkStream(response, chat.model, reply.tokenDelayMs, gone.signal);
  try {
    await stream.wait(reply.firstTokenDelayMs);
    await sendReply(stream, reply);
    if (reply.fault !== null) {
      if (reply.fault.kind === 'drop') response.destroy();
      return;
    }
    stream.send({ delta: {}, finish_reason: reply.finishReason }, usageOf(reply, promptTokens));
    response.end('data: [DONE]\n\n');
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}

/** The tokens of a reply, up to the one after which it breaks off. */
async function sendReply(stream: ChunkStream, reply: Reply): Promise<void> {
  stream.send({ delta: { role: 'assistant', content: '' } });
  for (const token of reply.reasoning) await stream.paced({ reasoning_content: token });
  if (reply.burst !== '') stream.send({ delta: { content: reply.burst } });
  const limit = reply.fault === null ? Infinity : reply.fault.kind === 'drop' ? reply.fault.afterTokens : 3;
  for (const token of reply.text.slice(0, limit)) await stream.paced({ content: token });
  if (reply.fault !== null) return;
  for (const [index, call] of reply.toolCalls.entries()) {
    stream.send({ delta: { tool_calls: [{ index, ...callOf(call, '') }] } });
    for (let at = 0; at < call.arguments.length; at += ARGUMENT_PIECE) {
      const piece = call.arguments.slice(at, at + ARGUMENT_PIECE);
      await stream.paced({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
  }
}

export function sendWhole(
  response: ServerResponse,
  chat: ChatRequest,
  reply: Reply,
  promptTokens: number,
): void {
  const message = {
    role: 'assistant',
    content: reply.burst + reply.text.join(''),
    ...(reply.reasoning.length === 0 ? {} : { reasoning_content: reply.reasoning.join('') }),
    ...(reply.toolCalls.length === 0
      ? {}
      : { tool_calls: reply.toolCalls.map((call) => callOf(call, call.arguments)) }),
  };
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({
      ...envelope(chat.model, 'chat.completion'),
      choices: [{ index: 0, message, finish_reason: reply.finishReason }],
      usage: usageOf(reply, promptTokens),
    }),
  );
}

class ChunkStream {
  readonly #response: ServerResponse;
  readonly #envelope: object;
  readonly #tokenDelayMs: number;
  readonly #signal: AbortSignal;
  #dueAt = performance.now();

  constructor(response: ServerResponse, model: string, tokenDelayMs: number, signal: AbortSignal) {
    this.#response = response;
    this.#envelope = envelope(model, 'chat.completion.chunk');
    this.#tokenDelayMs = tokenDelayMs;
    this.#signal = signal;
  }

  async wait(delayMs: number): Promise<void> {
    await delay(delayMs, undefined, { signal: this.#signal });
    this.#dueAt = performance.now();
  }

  /** Sends at its time, counted from the beginning: timers that fire late do not slow the whole reply. */
  async paced(delta: object): Promise<void> {
    this.#dueAt += this.#tokenDelayMs;
    const delayMs = this.#dueAt - performance.now();
    if (delayMs > 0) await delay(delayMs, undefined, { signal: this.#signal });
    if (!this.send({ delta })) await once(this.#response, 'drain', { signal: this.#signal });
  }

  send(choice: object, usage?: object): boolean {
    const whole = { ...this.#envelope, choices: [{ index: 0, ...choice }] };
    const ok = this.#response.write(`data: ${JSON.stringify(whole)}\n\n`);
    if (usage === undefined) return ok;
    return this.#response.write(`data: ${JSON.stringify({ ...this.#envelope, choices: [], usage })}\n\n`);
  }
}

function envelope(model: string, object: string): object {
  const id = `chatcmpl-${randomBytes(8).toString('hex')}`;
  return { id, object, created: Math.floor(Date.now() / 1000), model };
}

function callOf(call: ToolCall, args: string): object {
  const id = `call_${randomBytes(8).toString('hex')}`;
  return { id, type: 'function', function: { name: call.name, arguments: args } };
}

function usageOf(reply: Reply, promptTokens: number): object {
  const argumentTokens = reply.toolCalls.reduce((sum, call) => sum + Math.ceil(call.arguments.length / 4), 0);
  const textTokens = reply.text.length + Math.ceil(reply.burst.length / 4) + argumentTokens;
  const completionTokens = textTokens + reply.reasoning.length;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens_details: { reasoning_tokens: reply.reasoning.length },
  };
}
