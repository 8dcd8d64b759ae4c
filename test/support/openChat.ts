import { randomUUID } from 'node:crypto';
import { INITIAL_FOLD } from '../../src/core/foldState.ts';
import type { FoldState } from '../../src/core/foldState.ts';
import type { ConversationRef } from '../../src/core/lettaConnection.ts';
import type { LettaEvent, StampedEvent } from '../../src/core/lettaEvent.ts';
import { reduce } from '../../src/core/reduce.ts';
import { systemClock } from '../../src/host/systemClock.ts';
import { AppServerConnection } from '../../src/server/appServer/appServerConnection.ts';
import type { BrokerLink } from '../../src/server/localRuntime/brokerLink.ts';
import type { Part } from '../../src/shared/transcript.ts';
import { FakeLogger } from './fakeLogger.ts';

const LIMIT_MS = 20_000;
const PAGE = 50;

/** One window's connection and its fold of one conversation, opened as a session opens it. */
export class OpenChat {
  readonly connection: AppServerConnection;
  state: FoldState = INITIAL_FOLD;
  /** Every event of the conversation, in the order it was folded. */
  readonly events: StampedEvent[] = [];
  /** Called after every stamped event with its frame's number. */
  onFolded: (stamped: StampedEvent) => void = () => undefined;
  readonly #checks = new Set<() => void>();
  #ref: ConversationRef | null = null;

  private constructor(connection: AppServerConnection) {
    this.connection = connection;
    connection.onDidReceive(({ ref, stamped }) => {
      if (ref.conversationId === this.#ref?.conversationId) this.#fold(stamped);
    });
  }

  static async on(link: BrokerLink): Promise<OpenChat> {
    return new OpenChat(
      await AppServerConnection.connect({
        link,
        clock: systemClock,
        logger: new FakeLogger(),
        clientVersion: '0.0.0-test',
        newId: randomUUID,
      }),
    );
  }

  get ref(): ConversationRef {
    if (this.#ref === null) throw new Error('nothing is open');
    return this.#ref;
  }

  async make(agentId: string, cwd: string): Promise<void> {
    const request = { agentId, conversationId: null, cwd, mode: 'standard' } as const;
    this.#ref = (await this.connection.openConversation(request)).ref;
  }

  /** The state stays empty until the frames come: what a new window, or a new view in an old one, begins with. */
  async open(ref: ConversationRef): Promise<void> {
    this.state = INITIAL_FOLD;
    this.#ref = ref;
    await this.connection.openConversation({ ...ref, cwd: null, mode: 'standard' });
    await this.connection.readHistory(ref, null, PAGE);
  }

  async say(text: string): Promise<string> {
    const clientId = randomUUID();
    this.#apply({ type: 'messageSubmitted', clientId, text, attachments: [] });
    await this.connection.send(this.ref, { clientId, texts: [text] });
    return clientId;
  }

  async answer(decision: 'allow' | 'deny'): Promise<boolean> {
    const requestId = this.pendingRequest ?? '';
    this.#apply({ type: 'approvalAnswered', requestId, decision, reason: '' });
    const reply = await this.connection.answerApproval(this.ref, { requestId, decision, reason: '' });
    return reply.accepted;
  }

  get parts(): readonly Part[] {
    return this.state.transcript.turns.at(-1)?.parts ?? [];
  }

  get text(): string {
    return this.parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  }

  /** How the last turn ended. */
  get outcome(): string | null {
    return this.state.transcript.turns.at(-1)?.outcome?.kind ?? null;
  }

  get pendingRequest(): string | null {
    for (const part of this.parts) {
      if (part.kind === 'tool' && part.approval?.state === 'pending') return part.approval.requestId;
    }
    return null;
  }

  /**
   * What a person sees of it: without times and estimated figures, which differ from window to window. Not by turn: a
   * prompt that was not echoed stands in one of its own where it is learned from history (finding-turnWithoutPrompt).
   */
  get shown(): unknown {
    const { turns } = this.state.transcript;
    const { state, outcome } = turns.at(-1) ?? { state: null, outcome: null };
    const parts = turns.flatMap((turn) => turn.parts);
    return { state, outcome, parts: parts.map((part) => ({ ...part, startedAt: null, endedAt: null })) };
  }

  until(what: string, isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = systemClock.after(LIMIT_MS, () => {
        this.#checks.delete(check);
        reject(new Error(`${what} did not come: ${JSON.stringify(this.state.transcript.turns.at(-1))}`));
      });
      const check = (): void => {
        if (!isSo()) return;
        limit.dispose();
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  ended(): Promise<void> {
    return this.until('the end', () => this.state.transcript.turns.at(-1)?.state === 'ended');
  }

  #apply(event: LettaEvent): void {
    this.#fold({ event, at: Date.now(), stamp: null });
  }

  #fold(stamped: StampedEvent): void {
    this.state = reduce(this.state, stamped).state;
    this.events.push(stamped);
    this.onFolded(stamped);
    for (const check of [...this.#checks]) check();
  }
}
