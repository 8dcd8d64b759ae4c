import type { ConversationRef } from '../../core/lettaConnection.ts';
import { LettaError } from '../../core/lettaConnection.ts';
import type { LettaEvent } from '../../core/lettaEvent.ts';
import type { Clock } from '../../core/ports.ts';
import type { PermissionMode } from '../../shared/panel.ts';
import { REQUEST_LIMIT_MS } from './requests.ts';

export interface OpenConversation {
  readonly ref: ConversationRef;
  /** What the person chose here: sent again when the server has to start the conversation anew. */
  readonly mode: PermissionMode;
  readonly cwd: string | null;
}

interface Device {
  readonly mode: PermissionMode | null;
  readonly cwd: string | null;
  readonly isProcessing: boolean;
}

interface Watch {
  readonly key: string;
  readonly check: (device: Device) => void;
  readonly end: (error: LettaError) => void;
}

/** What the server reported of the conversations opened here, and which of them are to be opened again. */
export class OpenConversations {
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenConversation>();
  readonly #devices = new Map<string, Device>();
  readonly #watches = new Set<Watch>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get all(): readonly OpenConversation[] {
    return [...this.#open.values()];
  }

  remember(conversation: OpenConversation): void {
    this.#open.set(keyOf(conversation.ref), conversation);
  }

  changeMode(ref: ConversationRef, mode: PermissionMode): void {
    const known = this.#open.get(keyOf(ref));
    if (known !== undefined) this.#open.set(keyOf(ref), { ...known, mode });
  }

  device(ref: ConversationRef): Device | null {
    return this.#devices.get(keyOf(ref)) ?? null;
  }

  /** What was reported before no longer counts: the server is asked anew. */
  forgetDevice(ref: ConversationRef): void {
    this.#devices.delete(keyOf(ref));
  }

  forgetDevices(): void {
    this.#devices.clear();
  }

  take(ref: ConversationRef, event: LettaEvent): void {
    if (event.type !== 'deviceChanged') return;
    const { mode, cwd, isProcessing } = event;
    const device = { mode, cwd, isProcessing };
    const key = keyOf(ref);
    this.#devices.set(key, device);
    for (const watch of [...this.#watches]) if (watch.key === key) watch.check(device);
  }

  /** The one conversation that runs; null when none or several do. */
  onlyRunning(): ConversationRef | null {
    const running = this.all.filter(({ ref }) => this.device(ref)?.isProcessing === true);
    return running.length === 1 ? (running[0]?.ref ?? null) : null;
  }

  /** Resolves once the server has reported the mode; rejects when it does not within the time limit. */
  modeConfirmed(ref: ConversationRef, isWanted: (mode: PermissionMode) => boolean): Promise<PermissionMode> {
    const known = this.device(ref)?.mode ?? null;
    if (known !== null && isWanted(known)) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        timer.dispose();
        this.#watches.delete(watch);
      };
      const watch: Watch = {
        key: keyOf(ref),
        check: ({ mode }) => {
          if (mode === null || !isWanted(mode)) return;
          finish();
          resolve(mode);
        },
        end: (error) => {
          finish();
          reject(error);
        },
      };
      const timer = this.#clock.after(REQUEST_LIMIT_MS, () => {
        watch.end(new LettaError('protocol', 'Letta did not confirm the permission mode.'));
      });
      this.#watches.add(watch);
    });
  }

  /** Nobody will report any more. */
  failWatches(error: LettaError): void {
    for (const watch of [...this.#watches]) watch.end(error);
  }
}

function keyOf(ref: ConversationRef): string {
  return `${ref.agentId} ${ref.conversationId}`;
}
