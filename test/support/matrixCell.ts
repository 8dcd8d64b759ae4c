import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Frame } from '../../src/server/appServer/frameLink.ts';
import { systemClock } from '../../src/host/systemClock.ts';
import { FAULTS, type Fault, type MatrixColumn } from './matrixColumn.ts';
import type { MatrixHost } from './matrixHost.ts';
import { faultsOf, fateOf, readTruth, shownText, type Seen, type Written } from './matrixOracle.ts';
import { RuntimeClient } from './runtimeClient.ts';

const PHASE_LIMIT_MS = 15_000;
const REST_LIMIT_MS = 25_000;
/** So long nothing may change until it counts as rest. */
const STILL_MS = 300;
/** So long a person looks at a question that was answered until they answer again. */
const ANSWER_AGAIN_MS = 2_000;
const STOP_LIMIT_MS = 6_000;
const STOP_ACK_MS = 150;

/** The moment of a cell was over before the fault came: it says nothing, and is tried again. */
export const MISSED = 'is missed';

export const PHASES = {
  P0: 'before connect',
  P1: 'handed over',
  P2: 'before first token',
  P3: 'in reasoning',
  P4: 'in text',
  P5: 'in tool args',
  P6: 'approval pending',
  P7: 'tool running',
  P8: "at turn's end",
  P9: 'idle',
} as const;
export type Phase = keyof typeof PHASES;

export interface CellResult {
  /** What became of the message that was under way. */
  readonly fate: string;
  /** How its turn is shown to have ended. */
  readonly outcome: string;
  readonly faults: readonly string[];
}

function words(word: string, count: number): string {
  return Array.from({ length: count }, (_, index) => `${word}${String(index)} `).join('');
}

interface Script {
  readonly directives: string;
  readonly text: string;
  readonly reasoning: string;
}

function script(phase: Phase, marker: string, file: string): Script {
  switch (phase) {
    case 'P2':
      return { directives: 'FIRST=500 N=20 D=10', text: words('tok', 20), reasoning: '' };
    case 'P3':
      return { directives: 'REASON=60 N=20 D=10', text: words('tok', 20), reasoning: words('think', 60) };
    case 'P5':
    case 'P6':
    case 'P7': {
      const command = `echo ran >> ${file}; sleep 1; echo done-${marker}`;
      const description = phase === 'P5' ? 'a call with long arguments '.repeat(40) : 'Write';
      const call = JSON.stringify({ command, description });
      const text = `Let me do that.Told ${marker}.`;
      return {
        directives: `D=${phase === 'P5' ? '25' : '15'} CALL:Bash:${call};; AFTER:Told ${marker}.;;`,
        text,
        reasoning: '',
      };
    }
    case 'P8':
    case 'P9':
      return { directives: 'N=10 D=10', text: words('tok', 10), reasoning: '' };
    case 'P0':
    case 'P1':
    case 'P4':
      return { directives: 'N=40 D=10', text: words('tok', 40), reasoning: '' };
  }
}

const ENDS_TURNS: ReadonlySet<Fault> = new Set<Fault>(['killRuntime', 'killBroker']);

/** What the person answers to what asks. */
function decisionIn(phase: Phase): 'allow' | 'deny' {
  return phase === 'P5' ? 'deny' : 'allow';
}

/** One fault at one moment of a conversation of its own, and what is left when all has come to rest. */
export class MatrixCell {
  readonly #column: MatrixColumn;
  readonly #phase: Phase;
  readonly #marker: string;
  readonly #ranFile: string;
  readonly #written: Written[] = [];
  readonly #seen = new Map<string, Seen>();
  readonly #faults: string[] = [];
  #target;

  constructor(column: MatrixColumn, phase: Phase) {
    this.#column = column;
    this.#phase = phase;
    this.#marker = newMarker();
    this.#ranFile = join(column.workspace, `ran-${this.#marker}.txt`);
    this.#target = { agentId: column.agentId, conversationId: null, title: null, newId: this.#marker };
  }

  async run(): Promise<CellResult> {
    const host = await this.#column.hostFor(this.#phase);
    this.#watch(host);
    host.do({ do: 'open', target: this.#target });
    const main = this.#submit(host, this.#phase, this.#marker);
    await this.#reach(host, main);
    const next = await FAULTS[this.#column.fault](this.#column, host, this.#phase);
    if (next !== host) {
      this.#watch(next);
      next.do({ do: 'open', target: host.view?.target ?? this.#target });
    }
    await this.#rest(next);
    const fate = fateOf(next, main);
    const outcome = this.#outcome(next, main);
    // Only an end of the runtime itself may end what it does.
    if (outcome !== 'completed' && !ENDS_TURNS.has(this.#column.fault))
      this.#faults.push(`N6: the turn is shown as ${outcome}`);
    await this.#check(next, main);
    await this.#goOn(next);
    await this.#check(next, main);
    for (const one of new Set([host, next])) this.#faults.push(...one.troubles.map((text) => `N7: ${text}`));
    const faults = [...new Set(this.#faults)];
    if (faults.length > 0) faults.push(next.picture());
    return { fate, outcome, faults };
  }

  #watch(host: MatrixHost): void {
    host.onView = ({ state }) => {
      for (const turn of state.transcript.turns) {
        for (const { marker } of this.#written) {
          if (!turn.parts.some((part) => part.kind === 'user' && part.text.includes(marker))) continue;
          const before = this.#seen.get(marker) ?? { text: '', reasoning: '' };
          const longer = (kind: 'text' | 'reasoning'): string => {
            const shown = shownText(turn, kind);
            return shown.length > before[kind].length ? shown : before[kind];
          };
          this.#seen.set(marker, { text: longer('text'), reasoning: longer('reasoning') });
        }
      }
    };
  }

  #submit(host: MatrixHost, phase: Phase, marker: string, directives?: string): Written {
    const said = script(phase, marker, this.#ranFile);
    const clientId = randomUUID();
    const message: Written = { ...said, clientId, marker, isStopped: directives !== undefined };
    this.#written.push(message);
    host.do({ do: 'submit', clientId, text: `TEST ${directives ?? said.directives} ${marker}` });
    return message;
  }

  /** Resolves in the phase. */
  async #reach(host: MatrixHost, { clientId }: Written): Promise<void> {
    const phase = this.#phase;
    const asks = (): boolean => host.view?.state.activity.phase === 'waitingForApproval';
    const tool = () => host.parts.find((part) => part.kind === 'tool');
    const reached: Readonly<Record<Phase, () => boolean>> = {
      P0: () => true,
      P1: () => host.handed.has(clientId),
      P2: () => host.turns.at(-1)?.state === 'active',
      P3: () => host.parts.some((part) => part.kind === 'reasoning' && part.text.includes('think5 ')),
      P4: () => host.parts.some((part) => part.kind === 'text' && part.text.includes('tok5 ')),
      P5: () => (tool()?.args.length ?? 0) > 100,
      P6: asks,
      P7: asks,
      P8: () => host.turns.at(-1)?.state === 'ended',
      P9: () => host.turns.at(-1)?.state === 'ended',
    };
    if (phase === 'P0') await this.#untilOnDisk(clientId);
    await host.until(phase, PHASE_LIMIT_MS, reached[phase]);
    if (phase === 'P5' && tool()?.state !== 'announced') throw new Error(`P5 ${MISSED}: ${host.picture()}`);
    if (phase === 'P7') {
      host.do({ do: 'answer', decision: 'allow' });
      await host.until(phase, PHASE_LIMIT_MS, () => tool()?.state === 'running');
    }
    if (phase === 'P9') await after(600);
  }

  async #untilOnDisk(clientId: string): Promise<void> {
    const folder = join(this.#column.storage, 'outbox');
    const end = performance.now() + PHASE_LIMIT_MS;
    for (;;) {
      const names = await readdir(folder, { recursive: true }).catch(() => []);
      for (const name of names.filter((one) => one.endsWith('.json'))) {
        const text = await readFile(join(folder, name), 'utf8').catch(() => '');
        if (text.includes(clientId)) return;
      }
      if (performance.now() > end) throw new Error('the message does not come to the disk');
      await after(10);
    }
  }

  /** The person looks at it: comes back to the window, answers what is asked, sends what was not sent. */
  async #rest(host: MatrixHost): Promise<void> {
    const end = performance.now() + REST_LIMIT_MS;
    const answeredAt = new Map<string, number>();
    let stillSince = performance.now();
    let pushes = 0;
    let last = '';
    for (;;) {
      if (performance.now() > end) {
        this.#faults.push('N6: it does not come to rest');
        return;
      }
      await after(50);
      const { view } = host;
      const now = JSON.stringify(view);
      const { state } = view ?? {};
      if (now !== last || state?.link.state !== 'ready' || !isStill(host)) {
        last = now;
        stillSince = performance.now();
      }
      if (state?.link.state === 'failed') host.do({ do: 'focus' });
      for (const part of host.parts) {
        if (part.kind !== 'tool' || part.approval?.state !== 'pending') continue;
        if (state?.link.state !== 'ready') continue;
        const { requestId } = part.approval;
        if (performance.now() - (answeredAt.get(requestId) ?? -Infinity) < ANSWER_AGAIN_MS) continue;
        if (answeredAt.has(requestId)) this.#faults.push('N4: an answer was not taken');
        answeredAt.set(requestId, performance.now());
        host.do({ do: 'answer', decision: decisionIn(this.#phase) });
      }
      if (performance.now() - stillSince < STILL_MS) continue;
      if (view?.hasUnsent !== true || pushes++ > 1) return;
      stillSince = performance.now();
      host.do({ do: 'sendNow' });
    }
  }

  #outcome(host: MatrixHost, { marker }: Written): string {
    const has = (text: string): boolean => text.includes(marker);
    const turn = host.turns.find(({ parts }) => parts.some((part) => part.kind === 'user' && has(part.text)));
    return turn?.outcome?.kind ?? turn?.state ?? '-';
  }

  /** The composer works: one more message, and Stop. */
  async #goOn(host: MatrixHost): Promise<void> {
    const again = newMarker();
    const next = this.#submit(host, 'P9', again);
    await this.#rest(host);
    const isAnswered = this.#seen.get(again)?.text === next.text;
    if (!isAnswered || this.#outcome(host, next) !== 'completed')
      this.#faults.push('N6: the next message is not answered');
    const stopped = newMarker();
    const message = this.#submit(host, 'P4', stopped, 'N=40 D=150');
    const begins = () => (this.#seen.get(stopped)?.text ?? '') !== '';
    await host.until('the reply to stop', PHASE_LIMIT_MS, begins);
    host.do({ do: 'stop' });
    const isOver = () => this.#outcome(host, message) === 'stopped';
    await host.until('the end after Stop', STOP_LIMIT_MS, isOver).catch((error: unknown) => {
      this.#faults.push(`N6: ${String(error)}`);
    });
    const { afterMs, turnState } = host.stopping;
    if (afterMs > STOP_ACK_MS || (turnState !== 'stopping' && turnState !== 'ended'))
      this.#faults.push(`N6: Stop is shown as ${turnState} after ${String(afterMs)} ms`);
    await this.#rest(host);
  }

  async #check(host: MatrixHost, main: Written): Promise<void> {
    const conversationId = host.view?.target.conversationId ?? null;
    if (conversationId === null) throw new Error(`N1: no conversation was made: ${host.picture()}`);
    const runtime: Frame = { agent_id: this.#column.agentId, conversation_id: conversationId };
    const truth = await readTruth(new RuntimeClient(await this.#column.link()), runtime);
    this.#faults.push(...faultsOf(host, truth, this.#written, this.#seen));
    const ran = (await readFile(this.#ranFile, 'utf8').catch(() => '')).split('\n').length - 1;
    if (ran > 1) this.#faults.push(`N5: the call ran ${String(ran)} times`);
    const accepted = this.#column.hosts.flatMap((one) => one.answered.filter((answer) => answer.accepted));
    const ids = accepted.map(({ requestId }) => requestId);
    if (new Set(ids).size !== ids.length) this.#faults.push('N4: a question was answered twice');
    if (ran > 0 && decisionIn(this.#phase) === 'deny') this.#faults.push('N4: what was denied ran');
    const isAllowed = ['P6', 'P7'].includes(this.#phase) && !ENDS_TURNS.has(this.#column.fault);
    if (isAllowed && ran !== 1) this.#faults.push(`N5: what was allowed ran ${String(ran)} times`);
    const turn = host.turns.find(({ parts }) =>
      parts.some((part) => part.kind === 'user' && part.text.includes(main.marker)),
    );
    for (const part of turn?.parts ?? []) {
      if (part.kind === 'tool' && part.state === 'done' && ran !== 1)
        this.#faults.push(`N5: shown as done, ran ${String(ran)} times`);
    }
  }
}

function isStill(host: MatrixHost): boolean {
  const { state } = host.view ?? {};
  if (state?.blockedReason !== '' || state.activity.phase !== 'idle') return false;
  if (state.queue.some((entry) => entry.state === 'sending' || entry.state === 'queued')) return false;
  return host.parts.every((part) => part.kind !== 'user' || part.delivery !== 'pending');
}

function newMarker(): string {
  return `m${randomUUID().slice(0, 8)}`;
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}
