import { randomUUID } from 'node:crypto';
import { isRecord } from '../../src/shared/json.ts';
import type { Frame, FrameLink, LinkState, ReceivedFrame } from '../../src/server/appServer/frameLink.ts';
import type { BrokerLink } from '../../src/server/localRuntime/brokerLink.ts';

const LIMIT_MS = 15_000;

/** The barest client of the App Server protocol: keeps what came, and waits for what is to come. */
export class RuntimeClient {
  readonly link: FrameLink;
  readonly received: ReceivedFrame[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(link: FrameLink) {
    this.link = link;
    link.onDidReceive((received) => {
      this.received.push(received);
      for (const watcher of [...this.#watchers]) watcher();
    });
    link.onDidChangeState(() => {
      for (const watcher of [...this.#watchers]) watcher();
    });
  }

  /** The first frame, already here or to come, that fits. */
  frame(what: string, fits: (frame: Frame) => boolean, from = 0): Promise<Frame> {
    return this.#until(what, () => this.received.slice(from).find(({ frame }) => fits(frame))?.frame);
  }

  state(kind: LinkState['kind']): Promise<LinkState> {
    return this.#until(`the state ${kind}`, () =>
      this.link.state.kind === kind ? this.link.state : undefined,
    );
  }

  async request(frame: Frame): Promise<Frame> {
    const id = randomUUID();
    this.link.send({ ...frame, request_id: id });
    return this.frame(`an answer to ${String(frame['type'])}`, (answer) => answer['request_id'] === id);
  }

  /** The text of a conversation's replies so far. */
  text(runtime: Frame, from = 0): string {
    return this.received
      .slice(from)
      .map(({ frame }) => (isOf(frame, runtime) ? textOf(frame['delta']) : ''))
      .join('');
  }

  #until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const watcher = (): void => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(limit);
        this.#watchers.delete(watcher);
        resolve(found);
      };
      const limit = setTimeout(() => {
        this.#watchers.delete(watcher);
        const types = this.received
          .slice(-12)
          .map(({ frame }) => String(frame['type']))
          .join(' ');
        reject(new Error(`${what} did not come within ${String(LIMIT_MS)} ms; last came: ${types}`));
      }, LIMIT_MS);
      this.#watchers.add(watcher);
      watcher();
    });
  }
}

export function isOf(frame: Frame, runtime: Frame): boolean {
  return isRecord(frame['runtime']) && frame['runtime']['conversation_id'] === runtime['conversation_id'];
}

export function isType(type: string): (frame: Frame) => boolean {
  return (frame) => frame['type'] === type;
}

export function recordIn(frame: Frame, key: string): Frame {
  const value = frame[key];
  if (!isRecord(value)) throw new Error(`${key} is missing in ${JSON.stringify(frame).slice(0, 500)}`);
  return value;
}

function textOf(delta: unknown): string {
  if (!isRecord(delta) || delta['message_type'] !== 'assistant_message') return '';
  const { content } = delta;
  if (typeof content === 'string') return content;
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  return parts
    .map((part) => (isRecord(part) && typeof part['text'] === 'string' ? part['text'] : ''))
    .join('');
}

/** Connects the demo model and makes an agent with it; resolves to the runtime of a new conversation. */
export async function startDemoAgent(client: RuntimeClient, link: BrokerLink, cwd: string): Promise<Frame> {
  const demo = await link.startDemo();
  const { providerId, fields, modelHandle } = demo;
  await client.request({ type: 'connect_provider', target: 'local', provider_id: providerId, fields });
  for (;;) {
    // The list may still be empty right after connecting, and no event says when it is not.
    const models = await client.request({ type: 'list_models', force: true });
    if (JSON.stringify(models['available_handles']).includes(`"${modelHandle}"`)) break;
  }
  const started = await client.request({
    type: 'runtime_start',
    create_agent: { body: { name: 'Demo', model: modelHandle }, pin_global: false },
    create_conversation: { body: {} },
    cwd,
    mode: 'standard',
    wait_for_replay: true,
  });
  return recordIn(started, 'runtime');
}

/** Sends a message as the extension does: `resume_queue` first, in the same tick. */
export function say(client: RuntimeClient, runtime: Frame, ...texts: readonly string[]): Promise<Frame> {
  client.link.send({ type: 'resume_queue', request_id: randomUUID(), runtime });
  return client.request({
    type: 'input',
    runtime,
    payload: {
      kind: 'create_message',
      messages: [
        {
          role: 'user',
          content: texts.map((text) => ({ type: 'text', text })),
          client_message_id: randomUUID(),
        },
      ],
    },
  });
}
