import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { LettaServer } from '../core/hub.ts';
import { LettaError, type LettaConnection } from '../core/lettaConnection.ts';
import type { Clock, Logger } from '../core/ports.ts';
import { AppServerConnection } from '../server/appServer/appServerConnection.ts';
import type { BrokerLink } from '../server/localRuntime/brokerLink.ts';
import { LocalRuntime } from '../server/localRuntime/localRuntime.ts';

/** How long a model of the demo may take to appear in the server's list after it was connected. */
const MODEL_LIMIT_MS = 10_000;
const MODEL_POLL_MS = 150;

/** Letta on this computer: the runtime in the extension, behind the broker. */
export class LocalServer implements LettaServer {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #runtime: LocalRuntime;
  readonly #version: string;
  #link: BrokerLink | null = null;

  constructor(context: vscode.ExtensionContext, logger: Logger, clock: Clock) {
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
    return new AppServerConnection({
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
    await connection.connectProvider(demo.providerId, demo.fields);
    const limit = this.#clock.now() + MODEL_LIMIT_MS;
    // A freshly connected provider's models appear a moment later, and no event says when.
    while (
      !(await connection.listModels()).some((model) => model.handle === demo.modelHandle && model.isAvailable)
    ) {
      if (this.#clock.now() > limit) {
        throw new LettaError('timeout', vscode.l10n.t('The scripted demo model did not appear.'));
      }
      await new Promise<void>((resolve) => this.#clock.after(MODEL_POLL_MS, resolve));
    }
    return demo.modelHandle;
  }

  async restart(): Promise<void> {
    await this.#link?.restartRuntime();
  }
}
