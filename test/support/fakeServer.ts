import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AskedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export type Answer = (request: AskedRequest, response: ServerResponse) => void;

/** An HTTP server on loopback that answers as it is told and remembers what it was asked. */
export class FakeHttpServer {
  readonly asked: AskedRequest[] = [];
  readonly #server: Server;
  readonly #answer: Answer;
  #port = 0;

  constructor(answer: Answer) {
    this.#answer = answer;
    this.#server = createServer((request, response) => {
      void this.#take(request, response);
    });
  }

  static async start(answer: Answer): Promise<FakeHttpServer> {
    const server = new FakeHttpServer(answer);
    await server.listen();
    return server;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        this.#port = (this.#server.address() as AddressInfo).port; // of a TCP server that listens
        resolve();
      });
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${String(this.#port)}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Requests to a path, in the order they came. */
  to(path: string): readonly AskedRequest[] {
    return this.asked.filter((request) => request.path === path);
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    request.setEncoding('utf8');
    for await (const chunk of request) text += String(chunk);
    const asked = {
      method: request.method ?? '',
      path: new URL(request.url ?? '/', 'http://localhost').pathname,
      headers: request.headers,
      body: text === '' ? null : (JSON.parse(text) as unknown), // our own code sends JSON only
    };
    this.asked.push(asked);
    this.#answer(asked, response);
  }
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(value));
}

/** A reply of an OpenAI-compatible server, streamed word by word as Ollama and OpenRouter do. */
export function streamReply(response: ServerResponse, model: string, text: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (choice: object | null, more: object = {}): void => {
    const chunk = {
      id: 'chatcmpl-571',
      object: 'chat.completion.chunk',
      created: 1_795_251_600,
      model,
      system_fingerprint: 'fp_ollama',
      choices: choice === null ? [] : [choice],
      ...more,
    };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  for (const content of text.match(/\s*\S+/g) ?? []) {
    send({ index: 0, delta: { role: 'assistant', content }, finish_reason: null });
  }
  send({ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: 'stop' });
  send(null, { usage: { prompt_tokens: 20_311, completion_tokens: 9, total_tokens: 20_320 } });
  response.end('data: [DONE]\n\n');
}

/** What the person said, once for each request that brought it: the text typed first is sent exactly once. */
export function timesSaid(requests: readonly AskedRequest[], words: string): number {
  const last = requests.at(-1)?.body;
  return JSON.stringify(last ?? '').split(words).length - 1;
}
