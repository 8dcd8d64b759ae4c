import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from '../../scripts/lib/paths.ts';
import type { SessionTarget } from '../../src/core/sessionView.ts';
import { systemClock } from '../../src/host/systemClock.ts';
import type { Part, Turn } from '../../src/shared/transcript.ts';
import type { FromHost, HostSetup, HostView, ToHost } from './matrixWire.ts';

const NAME = 'matrixHost';

/** An extension host in a process of its own, which can be killed, and what it shows. */
export class MatrixHost {
  readonly #child: ChildProcess;
  readonly #checks = new Set<() => void>();
  readonly handed = new Set<string>();
  readonly answered: { readonly requestId: string; readonly accepted: boolean }[] = [];
  readonly troubles: string[] = [];
  readonly log: string[] = [];
  #stopping: { readonly afterMs: number; readonly turnState: string } | null = null;
  #view: HostView | null = null;
  #wanted: SessionTarget | null = null;
  /** Called with everything it shows. */
  onView: (view: HostView) => void = () => undefined;

  /** In one file it starts in a tenth of the time: there are many. */
  static async bundle(folder: string): Promise<void> {
    await build({
      entryPoints: { [NAME]: join(ROOT, 'test/support/matrixHostProcess.ts') },
      outdir: folder,
      outExtension: { '.js': '.cjs' },
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      external: ['bufferutil', 'utf-8-validate'],
    });
  }

  /** After `bundle` into the folder of the assets. */
  constructor(setup: HostSetup) {
    this.#child = fork(join(setup.assetsDir, `${NAME}.cjs`), [JSON.stringify(setup)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: FromHost) => {
      this.#take(message);
      for (const check of [...this.#checks]) check();
    });
    // A command to one that was killed meanwhile.
    this.#child.on('error', (error) => this.log.push(String(error)));
  }

  /** Null until it shows the conversation that was opened last. */
  get view(): HostView | null {
    return this.#view;
  }

  get turns(): readonly Turn[] {
    return this.#view?.state.transcript.turns ?? [];
  }

  get parts(): readonly Part[] {
    return this.turns.flatMap((turn) => turn.parts);
  }

  /** What the panel showed right after Stop. */
  get stopping(): { readonly afterMs: number; readonly turnState: string } {
    return this.#stopping ?? { afterMs: Infinity, turnState: 'none' };
  }

  do(command: ToHost): void {
    if (command.do === 'open') {
      this.#view = null;
      this.#wanted = command.target;
    }
    if (command.do === 'stop') this.#stopping = null;
    if (this.#child.connected) this.#child.send(command);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async reload(): Promise<void> {
    if (!this.isAlive) return;
    const ended = once(this.#child, 'exit');
    this.do({ do: 'reload' });
    await ended;
  }

  until(what: string, limitMs: number, isSo: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        limit.dispose();
        this.#checks.delete(check);
      };
      const limit = systemClock.after(limitMs, () => {
        end();
        reject(new Error(`${what} did not come; ${this.picture()}`));
      });
      const check = (): void => {
        if (!isSo()) return;
        end();
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  /** What it shows in a few lines, for whoever reads a failure. */
  picture(): string {
    const { state } = this.#view ?? {};
    const turns = this.turns.map((turn) => {
      const parts = turn.parts.map((part) => {
        if (part.kind === 'user') return `user(${part.text.slice(0, 60)} ${part.delivery})`;
        if (part.kind === 'tool') return `tool(${part.state}, ${part.approval?.state ?? '-'})`;
        return `${part.kind}(${part.text.slice(0, 30)}…${part.text.slice(-20)})`;
      });
      return `${turn.state} ${turn.outcome?.kind ?? '-'}: ${parts.join(' ')}`;
    });
    const queue = state?.queue.map((entry) => `${entry.text.slice(0, 20)} ${entry.state}`) ?? [];
    const notices = state?.notices.map(({ text }) => text) ?? [];
    return [
      `link ${state?.link.state ?? '-'} ${state?.link.text ?? ''}, ${state?.activity.phase ?? '-'}, ${state?.blockedReason ?? ''}`,
      `queue ${JSON.stringify(queue)} notices ${JSON.stringify(notices)}`,
      ...turns,
      ...this.log.slice(-14).map((line) => `  log ${line.slice(0, 200)}`),
    ].join('\n    ');
  }

  #take(message: FromHost): void {
    switch (message.say) {
      case 'view': {
        const { view } = message;
        if (view.target.newId !== this.#wanted?.newId) return;
        this.#view = view;
        this.onView(view);
        return;
      }
      case 'handed':
        this.handed.add(message.clientId);
        return;
      case 'answered':
        this.answered.push(message);
        return;
      case 'stopping':
        this.#stopping = message;
        return;
      case 'trouble':
        this.troubles.push(message.text);
        return;
      case 'log':
        this.log.push(message.text);
        return;
    }
  }
}
