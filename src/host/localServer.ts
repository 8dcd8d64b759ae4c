import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { LettaServer } from '../core/hub.ts';
import { LettaError, type LettaConnection, type ModelInfo } from '../core/lettaConnection.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { AppServerConnection } from '../server/appServer/appServerConnection.ts';
import type { DemoOffer } from '../demo/demoModelInfo.ts';
import type { BrokerLink } from '../server/localRuntime/brokerLink.ts';
import { LocalRuntime } from '../server/localRuntime/localRuntime.ts';

/** How long a model of the demo may take to appear in the server's list after it was connected. */
const MODEL_LIMIT_MS = 10_000;
const MODEL_POLL_MS = 150;
/** The provider that stands for the demo: another one may be the person's own. */
const DEMO_PROVIDER_KEY = 'letta.demoProvider';

/** Letta on this computer: the runtime in the extension, behind the broker. */
export class LocalServer implements LettaServer {
  readonly #globalState: vscode.Memento;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #runtime: LocalRuntime;
  readonly #version: string;
  #link: BrokerLink | null = null;

  constructor(context: vscode.ExtensionContext, logger: Logger, clock: Clock) {
    this.#globalState = context.globalState;
    this.#logger = logger;
    this.#clock = clock;
    this.#version = String((context.extension.packageJSON as { readonly version: unknown }).version); // our own manifest
    const graceSeconds = vscode.workspace.getConfiguration('letta').get('localRuntime.graceSeconds', 60);
    this.#runtime = new LocalRuntime({
      assetsDir: vscode.Uri.joinPath(context.extensionUri, 'dist').fsPath,
      stateDir: context.globalStorageUri.fsPath,
      nodePath: process.execPath,
      env: process.env,
      version: this.#version,
      graceMs: graceSeconds * 1000,
      logger,
      clock,
    });
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
    const ready = offers.find((offer) => isAvailable(models, offer.modelHandle));
    // Connected again in any case: the demo's address may be another one than last time.
    const isFree = (offer: DemoOffer): boolean =>
      offer.providerId === this.#globalState.get(DEMO_PROVIDER_KEY) ||
      providers.some((provider) => provider.id === offer.providerId && !provider.isConnected);
    const offer = ready ?? offers.find(isFree);
    if (offer === undefined) {
      throw new LettaError('refused', vscode.l10n.t('The demo would replace a model provider of yours.'));
    }
    await this.#globalState.update(DEMO_PROVIDER_KEY, offer.providerId);
    await connection.connectProvider(offer.providerId, offer.fields);
    const limit = this.#clock.now() + MODEL_LIMIT_MS;
    // A freshly connected provider's models appear a moment later, and no event says when.
    while (!isAvailable(await connection.listModels(), offer.modelHandle)) {
      if (this.#clock.now() > limit) {
        throw new LettaError('timeout', vscode.l10n.t('The scripted demo model did not appear.'));
      }
      await new Promise<void>((resolve) => this.#clock.after(MODEL_POLL_MS, resolve));
    }
    return offer.modelHandle;
  }

  async restart(): Promise<void> {
    await this.#link?.restartRuntime();
  }
}

function isAvailable(models: readonly ModelInfo[], handle: string): boolean {
  return models.some((model) => model.handle === handle && model.isAvailable);
}
