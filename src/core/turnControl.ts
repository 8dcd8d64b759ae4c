import { approvalDigest } from '../shared/approvalDigest.ts';
import type { Attempt } from './delivery.ts';
import type { FoldState } from './foldState.ts';
import type { ConversationRef, LettaConnection } from './lettaConnection.ts';
import type { LettaEvent } from './lettaEvent.ts';
import type { Clock, Disposable, Logger } from './ports.ts';
import { approvalOf, turnOf } from './sessionView.ts';
import { Stopping } from './stopping.ts';

export interface TurnControlPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fold: () => FoldState;
  readonly apply: (event: LettaEvent) => void;
  readonly ref: () => ConversationRef | null;
  /** Null while the conversation is not open. */
  readonly connection: () => LettaConnection | null;
  readonly attempt: Attempt;
  /** Resolves when no message stands between disk and wire. */
  readonly issued: () => Promise<void>;
  readonly onChange: () => void;
  /** Stopped before the model answered. */
  readonly onReturnText: (text: string) => void;
}

/** What the person does to a turn that runs: stop it, allow or deny what it asks. */
export class TurnControl implements Disposable {
  readonly #ports: TurnControlPorts;
  #stopping: Stopping | null = null;
  #isOverdue = false;

  constructor(ports: TurnControlPorts) {
    this.#ports = ports;
  }

  /** A stopped turn has not ended after five seconds. */
  get isStopOverdue(): boolean {
    return this.#isOverdue;
  }

  stop(): void {
    const { fold, apply } = this.#ports;
    const ref = this.#ports.ref();
    const turn = turnOf(fold(), fold().currentTurnId);
    if (ref === null || turn === null || turn.state === 'stopping') return;
    const unanswered = turn.parts.every((part) => part.kind === 'user') ? turn.parts : [];
    apply({ type: 'stopRequested' });
    this.#isOverdue = false;
    this.#stopping?.dispose();
    this.#stopping = new Stopping({
      clock: this.#ports.clock,
      ask: () => this.#askToStop(ref),
      isOver: () => fold().currentTurnId !== turn.id,
      onConfirmed: () => {
        apply({ type: 'stopConfirmed' });
      },
      onOverdue: () => {
        this.#isOverdue = true;
        this.#ports.onChange();
      },
    });
    for (const part of unanswered) if (part.origin === 'person') this.#ports.onReturnText(part.text);
  }

  /** `digest` is of the input the person saw; nothing is allowed that was not shown. */
  answer(
    callId: string,
    requestId: string,
    digest: string,
    decision: 'allow' | 'deny',
    reason: string,
  ): void {
    const { apply, fold, logger, attempt } = this.#ports;
    const ref = this.#ports.ref();
    const approval = approvalOf(fold().transcript, callId);
    if (ref === null || approval?.requestId !== requestId || approval.state !== 'pending') return;
    if (approvalDigest(approval.input) !== digest) {
      logger.warn('An approval was answered for an input that is no longer the one shown; ignored');
      return;
    }
    apply({ type: 'approvalAnswered', requestId, decision, reason });
    void attempt('The answer', async (connection) => {
      const answer = await connection.answerApproval(ref, { requestId, decision, reason });
      if (!answer.accepted) apply({ type: 'approvalRefused', requestId, message: answer.message });
    }).then((wasSent) => {
      if (!wasSent) apply({ type: 'approvalRefused', requestId, message: 'The answer could not be sent.' });
    });
  }

  dispose(): void {
    this.#stopping?.dispose();
  }

  /** False: nothing runs there, or nobody answered. */
  async #askToStop(ref: ConversationRef): Promise<boolean> {
    // A message that is still on its way must not begin a turn after its Stop.
    await this.#ports.issued();
    const connection = this.#ports.connection();
    if (connection === null) return false;
    try {
      return await connection.stop(ref);
    } catch (error) {
      this.#ports.logger.error('Stop did not reach Letta', error);
      return false;
    }
  }
}
