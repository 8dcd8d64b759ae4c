import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { awaitModel, isListed } from '../core/awaitModel.ts';
import type { LettaServer } from '../core/hub.ts';
import { LettaError, type LettaConnection } from '../core/lettaConnection.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { AppServerConnection } from '../server/appServer/appServerConnection.ts';
import type { DemoOffer } from '../demo/demoModelInfo.ts';
import type { BrokerLink } from '../server/localRuntime/brokerLink.ts';
import type { LocalRuntime } from '../server/localRuntime/localRuntime.ts';
import { extensionVersion, localRuntime, type InstalledProgram } from './localRuntimes.ts';

/** The provider that stands for the demo: another one may be the person's own. */
const DEMO_PROVIDER_KEY = 'letta.demoProvider';

/** Letta on this computer: the runtime in the extension or an installed one, behind the broker. */
export class LocalServer implements LettaServer {
  readonly #globalState: vscode.Memento;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #runtime: LocalRuntime;
  readonly #version: string;
  #link: BrokerLink | null = null;

  constructor(
    context: vscode.ExtensionContext,
    logger: Logger,
    clock: Clock,
    installed: InstalledProgram | null = null,
  ) {
    this.#globalState = context.globalState;
    this.#logger = logger;
    this.#clock = clock;
    this.#version = extensionVersion(context);
    this.#runtime = localRuntime(context, logger, clock, installed);
  }

  get place(): string {
    return vscode.l10n.t('on this computer');
  }

  async connect(signal: AbortSignal): Promise<LettaConnection> {
    if (!vscode.workspace.isTrusted) {
      throw new LettaError(
        'refused',
        vscode.l10n.t('Letta on this computer runs tools in your folder, so it needs a trusted workspace.'),
      );
    }
    const link = await this.#runtime.connect(signal);
    this.#link = link;
    return AppServerConnection.connect({
      link,
      clock: this.#clock,
      logger: this.#logger,
      clientVersion: this.#version,
      newId: randomUUID,
    });
  }

  async startDemo(connection: LettaConnection): Promise<string> {
    const link = this.#link;
    if (link === null) throw new LettaError('connectionLost', vscode.l10n.t('Letta is not connected.'));
    const demo = await link.startDemo();
    const offers = [demo, ...demo.alternatives];
    const [models, providers] = await Promise.all([connection.listModels(), connection.listProviders()]);
    const ready = offers.find((offer) => isListed(models, offer.modelHandle));
    // Connected again in any case: the demo's address may be another one than last time.
    const isFree = (offer: DemoOffer): boolean =>
      offer.providerId === this.#globalState.get(DEMO_PROVIDER_KEY) ||
      providers.some((provider) => provider.id === offer.providerId && !provider.isConnected);
    const offer = ready ?? offers.find(isFree);
    if (offer === undefined) {
      throw new LettaError('refused', vscode.l10n.t('The demo would replace a model provider of yours.'));
    }
    await this.#globalState.update(DEMO_PROVIDER_KEY, offer.providerId);
    await connection.connectProvider(offer.providerId, offer.fields, offer === ready);
    await awaitModel(connection, offer.modelHandle, this.#clock);
    return offer.modelHandle;
  }

  async restart(): Promise<void> {
    await this.#link?.restartRuntime();
  }
}
