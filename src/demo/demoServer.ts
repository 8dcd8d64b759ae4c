import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseChatRequest, type ChatRequest } from './chatRequest.ts';
import type { Reply } from './reply.ts';
import { reply as scripted, MODEL_ID } from './script.ts';
import { sendStream, sendWhole } from './send.ts';
import type { TestDirectives } from './testDirectives.ts';

const CONTEXT_WINDOW = 128_000;

/** An OpenAI-compatible server on loopback whose one model is a script. Only who has the key may use it. */
export class DemoServer {
  readonly #keyDigest: Buffer;
  readonly #tests: TestDirectives | null;
  readonly #server: Server;
  /** The script broke off; what is asked next is the same again, and is answered whole. */
  #hasDropped = false;

  constructor(key: string, tests: TestDirectives | null) {
    this.#keyDigest = digest(`Bearer ${key}`);
    this.#tests = tests;
    this.#server = createServer((request, response) => {
      response.on('error', () => response.destroy());
      void this.#answer(request, response).catch((error: unknown) => {
        // The script itself failed, which a caller sees as a server in trouble.
        if (!response.headersSent) refuse(response, 500, String(error));
        response.destroy();
      });
    });
  }

  /** On `port` where it is free (0: any); resolves to the port taken. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        // Of a TCP server, so neither null nor a path while it listens.
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), this.#keyDigest)) {
      refuse(response, 401, 'Incorrect API key provided.');
      return;
    }
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (request.method === 'GET' && path === '/v1/models') {
      const model = {
        id: MODEL_ID,
        object: 'model',
        owned_by: 'letta-vscode',
        context_length: CONTEXT_WINDOW,
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ object: 'list', data: [model] }));
      return;
    }
    if (request.method !== 'POST' || path !== '/v1/chat/completions') {
      refuse(response, 404, 'The demo model knows /v1/models and /v1/chat/completions.');
      return;
    }
    const chat = parseChatRequest(await bodyOf(request));
    if (chat === null) {
      refuse(response, 400, 'Not a chat completion request.');
      return;
    }
    await this.#chat(chat, response);
  }

  async #chat(chat: ChatRequest, response: ServerResponse): Promise<void> {
    const test = this.#tests?.reply(chat) ?? null;
    const reply: Reply = test ?? this.#withoutSecondDrop(scripted(chat));
    const promptTokens = test?.promptTokens ?? chat.promptTokens;
    if (reply.refusal !== null) refuse(response, reply.refusal.status, reply.refusal.message);
    else if (reply.fault?.kind === 'silent' && reply.fault.after === 'nothing') return;
    else if (chat.isStream) await sendStream(response, chat, reply, promptTokens);
    else sendWhole(response, chat, reply, promptTokens);
  }

  #withoutSecondDrop(reply: Reply): Reply {
    if (reply.fault?.kind !== 'drop') return reply;
    this.#hasDropped = !this.#hasDropped;
    return this.#hasDropped ? reply : { ...reply, fault: null };
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ error: { message, type: status < 500 ? 'invalid_request_error' : 'server_error' } }),
  );
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  for await (const chunk of request) body += String(chunk);
  return body;
}
