import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import * as v from 'valibot';
import * as vscode from 'vscode';
import type { LettaServer } from '../core/hub.ts';
import { LettaError, type LettaConnection } from '../core/lettaConnection.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { OWN_SERVER, type ServerChoice } from '../core/serverChoice.ts';
import { AppServerConnection } from '../server/appServer/appServerConnection.ts';
import type { ConnectForeign } from './foreignLink.ts';
import { extensionVersion } from './localRuntimes.ts';
import { LocalServer } from './localServer.ts';

const CHOICE_KEY = 'letta.server';
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const keptChoice = v.variant('kind', [
  v.object({ kind: v.literal('own') }),
  v.object({ kind: v.literal('installed'), lettaPath: path, backendDir: path }),
  v.object({ kind: v.literal('foreign'), origin: v.pipe(v.string(), v.url(), v.maxLength(2048)) }),
]);

/** The server that the person chose, for all windows; what is chosen is kept, tokens in the secret storage by origin. */
export class ChosenServer implements LettaServer {
  readonly #context: vscode.ExtensionContext;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #connectForeign: ConnectForeign;
  #choice: ServerChoice;
  #server: LettaServer;

  constructor(
    context: vscode.ExtensionContext,
    logger: Logger,
    clock: Clock,
    connectForeign: ConnectForeign,
  ) {
    this.#context = context;
    this.#logger = logger;
    this.#clock = clock;
    this.#connectForeign = connectForeign;
    const kept = v.safeParse(keptChoice, context.globalState.get(CHOICE_KEY));
    this.#choice = kept.success ? kept.output : OWN_SERVER;
    this.#server = this.#make(this.#choice);
  }

  get choice(): ServerChoice {
    return this.#choice;
  }

  get place(): string {
    return this.#server.place;
  }

  /** Takes effect with the next connect. */
  async choose(choice: ServerChoice, token: string | null = null): Promise<void> {
    if (choice.kind === 'foreign' && token !== null)
      await this.#context.secrets.store(secretKey(choice.origin), token);
    // The program itself, not a link to it: Letta Code starts its subagents by the path it was started with.
    const resolved =
      choice.kind === 'installed' ? { ...choice, lettaPath: await realpath(choice.lettaPath) } : choice;
    this.#choice = resolved;
    this.#server = this.#make(resolved);
    await this.#context.globalState.update(CHOICE_KEY, resolved);
  }

  /** It let nobody in. */
  async forgetToken(origin: string): Promise<void> {
    await this.#context.secrets.delete(secretKey(origin));
  }

  connect(signal: AbortSignal): Promise<LettaConnection> {
    return this.#server.connect(signal);
  }

  startDemo(connection: LettaConnection): Promise<string> {
    return this.#server.startDemo(connection);
  }

  restart(): Promise<void> {
    return this.#server.restart();
  }

  #make(choice: ServerChoice): LettaServer {
    switch (choice.kind) {
      case 'own':
        return new LocalServer(this.#context, this.#logger, this.#clock);
      case 'installed':
        return new LocalServer(this.#context, this.#logger, this.#clock, choice);
      case 'foreign':
        return {
          place: vscode.l10n.t('on {0}', new URL(choice.origin).host),
          connect: (signal) => this.#connectTo(choice.origin, signal),
          startDemo: () =>
            Promise.reject(
              new LettaError('refused', vscode.l10n.t('The scripted demo runs on this computer only.')),
            ),
          restart: () =>
            Promise.reject(
              new LettaError(
                'refused',
                vscode.l10n.t('Somebody else runs this server: it is not restarted from here.'),
              ),
            ),
        };
    }
  }

  async #connectTo(origin: string, signal: AbortSignal): Promise<LettaConnection> {
    const token = (await this.#context.secrets.get(secretKey(origin))) ?? null;
    const link = await this.#connectForeign(origin, token, signal);
    return AppServerConnection.connect({
      link,
      clock: this.#clock,
      logger: this.#logger,
      clientVersion: extensionVersion(this.#context),
      newId: randomUUID,
    });
  }
}

function secretKey(origin: string): string {
  return `letta.token:${origin}`;
}
