import * as vscode from 'vscode';
import { isDemoModel } from '../core/hub.ts';
import { LettaError } from '../core/lettaConnection.ts';
import type { LocalServerKind } from '../core/scout.ts';
import { OWN_SERVER, type ServerChoice } from '../core/serverChoice.ts';
import type { SetupChoice } from '../shared/panel.ts';
import { newTarget } from './chats.ts';
import type { CommandServices } from './commands.ts';
import { openLink } from './links.ts';
import { pickAgent, pickModel } from './pickers.ts';
import { connectFoundKey } from './providerPicker.ts';
import { askToken, pickServer } from './serverPicker.ts';

/** In the panel's list only: here they are a button, or make no sense. */
const NOT_IN_LIST: ReadonlySet<string> = new Set(['demo', 'fresh', 'lookAgain']);
const INSTALL_LETTA = 'https://docs.letta.com/letta-code';

/** A row of the first-run list, or its command. */
export async function choose(services: CommandServices, choiceId: string): Promise<void> {
  const colon = choiceId.indexOf(':');
  const [kind, what] = colon === -1 ? [choiceId, ''] : [choiceId.slice(0, colon), choiceId.slice(colon + 1)];
  const { hub, firstRun, chats } = services;
  switch (kind) {
    case 'provider':
      await vscode.commands.executeCommand('letta.connectProvider');
      return;
    case 'connectModel':
      await connectModel(services);
      return;
    case 'demo':
      await startDemo(services);
      return;
    case 'models':
      await chooseModel(services);
      return;
    case 'model':
      await useModel(services, what);
      return;
    case 'local':
      await useLocalModel(services, what);
      return;
    case 'key':
      await useFoundKey(services, what);
      return;
    case 'advice':
      await advise(services, what === 'ollama' ? 'ollama pull qwen3:8b' : '');
      return;
    case 'installed':
      await useInstalled(services);
      return;
    case 'fresh':
      firstRun.startFresh();
      return;
    case 'lookAgain':
      firstRun.look();
      return;
    case 'server':
      await connectServer(services);
      return;
    case 'agents': {
      const agent = await pickAgent(hub, vscode.l10n.t('Choose an agent'));
      if (agent !== null) await choose(services, `agent:${agent.id}`);
      return;
    }
    case 'agent':
      hub.chooseAgent(what);
      await chats.current.session.open();
      return;
  }
}

/** What a new person sees in the panel, as a list: for those who talk to the demo, and for the walkthrough. */
export async function connectModel(services: CommandServices): Promise<void> {
  const { hub, firstRun } = services;
  await hub.connect();
  await hub.refreshModels();
  const box = vscode.window.createQuickPick<vscode.QuickPickItem & { readonly id: string }>();
  box.title = vscode.l10n.t('Connect a Model');
  box.placeholder = vscode.l10n.t('What was found on this computer, and what can be connected');
  box.matchOnDescription = true;
  box.buttons = [{ iconPath: new vscode.ThemeIcon('refresh'), tooltip: vscode.l10n.t('Look again') }];
  let shown = '';
  const show = (): void => {
    const { choices, isLooking } = hub.firstRunView;
    box.busy = isLooking;
    const rows = choices.filter(({ id }) => !NOT_IN_LIST.has(id));
    // Rows that are put anew move under the pointer.
    if (JSON.stringify(rows) === shown) return;
    shown = JSON.stringify(rows);
    box.items = rows.map(choiceItem);
  };
  const subscription = firstRun.onDidChange(show);
  firstRun.look();
  show();
  const picked = await new Promise<string | null>((resolve) => {
    box.onDidTriggerButton(() => {
      firstRun.look();
    });
    box.onDidAccept(() => {
      resolve((box.selectedItems[0] ?? box.activeItems[0])?.id ?? null);
    });
    box.onDidHide(() => {
      resolve(null);
    });
    box.show();
  });
  subscription.dispose();
  box.dispose();
  if (picked === null) return;
  await choose(services, picked);
  // Its row is not on the screen any more: the list comes back with what is to be done about it.
  const row = hub.firstRunView.choices.find(({ id }) => id === picked);
  if (row?.state === 'needsFix' && picked.startsWith('local:')) await connectModel(services);
}

export async function chooseModel(services: CommandServices, provider: string | null = null): Promise<void> {
  const { hub, chats } = services;
  const model = await pickModel(hub, chats.current.session.state.model?.handle ?? null, provider);
  if (model !== null) await useModel(services, model.handle);
}

/** Makes an agent where there is none, or where the one shown is the demo's; else changes the conversation's model. */
async function useModel({ hub, chats }: CommandServices, handle: string): Promise<void> {
  if (isDemoModel(handle)) await hub.startDemo();
  const { session } = chats.current;
  const shown = hub.agents.find((agent) => agent.id === session.target.agentId)?.modelHandle ?? '';
  const isDemo = isDemoModel(shown);
  if (hub.agents.length === 0 || hub.setup !== null) {
    await hub.createAgent(handle);
    await session.open();
  } else if (isDemo && !isDemoModel(handle)) {
    const agent = await hub.createAgent(handle);
    chats.current.show(newTarget(agent.id));
  } else {
    await session.setModel(handle);
  }
}

async function startDemo({ hub, chats, firstRun }: CommandServices): Promise<void> {
  await chats.reveal(chats.current);
  const agent = await firstRun.during('demo', vscode.l10n.t('Starting…'), async () => {
    const handle = await hub.startDemo();
    const known = hub.agents.find((one) => one.modelHandle === handle);
    return known ?? (await hub.createAgent(handle, vscode.l10n.t('Demo')));
  });
  hub.chooseAgent(agent.id);
  const { session } = chats.current;
  if (session.target.agentId === null) await session.open();
  else if (session.target.agentId !== agent.id) chats.current.show(newTarget(agent.id));
}

async function useLocalModel(services: CommandServices, handle: string): Promise<void> {
  const { hub, firstRun, logger } = services;
  try {
    const prepared = await firstRun.prepare(handle, await hub.connect());
    if (prepared.kind === 'ready') await useModel(services, prepared.handle);
    else if (prepared.kind === 'advice') await advise(services, prepared.command, prepared.server);
  } catch (error) {
    if (!(error instanceof LettaError)) throw error;
    logger.debug('The row says why it did not work');
  }
}

async function useFoundKey(services: CommandServices, variable: string): Promise<void> {
  const key = services.firstRun.findings.keys.find((one) => one.variable === variable);
  if (key !== undefined && (await connectFoundKey(services.hub, key)))
    await chooseModel(services, key.providerId);
}

/** Only the person can do this: the command is in the clipboard, what to do with it is said. */
async function advise(
  { firstRun }: CommandServices,
  command: string,
  server: LocalServerKind = 'ollama',
): Promise<void> {
  const again = vscode.l10n.t('Look Again');
  if (command !== '') await vscode.env.clipboard.writeText(command);
  const text =
    server === 'llama-cpp'
      ? vscode.l10n.t('Start llama.cpp again with “{0}” (copied), then look again.', command)
      : command === ''
        ? vscode.l10n.t('Load a model there, then look again.')
        : vscode.l10n.t('Run “{0}” in a terminal (copied), then look again.', command);
  if ((await vscode.window.showInformationMessage(text, again)) === again) firstRun.look();
}

async function useInstalled(services: CommandServices): Promise<void> {
  const { firstRun } = services;
  const { installed } = firstRun.findings;
  if (installed === null) return;
  const { lettaPath, backendDir } = installed;
  if (lettaPath === null) {
    await openLink(INSTALL_LETTA);
    return;
  }
  const use = vscode.l10n.t('Use Them');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('Use the agents of your installed Letta Code?'),
    {
      modal: true,
      detail: vscode.l10n.t(
        'They are run by {0}. While Letta Code also runs in a terminal, it and VS Code do not see each other’s turns until they are started again.',
        lettaPath,
      ),
    },
    use,
  );
  if (answer !== use) return;
  await firstRun.during('installed', vscode.l10n.t('Starting…'), () =>
    switchServer(services, { kind: 'installed', lettaPath, backendDir }, null),
  );
}

async function connectServer(services: CommandServices): Promise<void> {
  if (services.server.choice.kind !== 'own') {
    const own = vscode.l10n.t('On this computer');
    const other = vscode.l10n.t('Another address…');
    const where = await vscode.window.showQuickPick([{ label: own }, { label: other }], {
      title: vscode.l10n.t('Connect to a Server'),
      placeHolder: vscode.l10n.t('Where should Letta run?'),
    });
    if (where?.label === own) await switchServer(services, OWN_SERVER, null);
    if (where?.label !== other) return;
  }
  const picked = await pickServer();
  if (picked === null) return;
  let { token } = picked;
  for (;;) {
    try {
      await switchServer(services, { kind: 'foreign', origin: picked.origin }, token);
      return;
    } catch (error) {
      await services.server.forgetToken(picked.origin);
      if (!(error instanceof LettaError) || error.reason !== 'unauthorised') throw error;
      token = await askToken(
        picked.origin,
        vscode.l10n.t('The password was refused by {0}.', new URL(picked.origin).host),
      );
      if (token === null) return;
    }
  }
}

/** Back to the former one where the new one does not let itself be connected. */
async function switchServer(
  { hub, chats, server }: CommandServices,
  choice: ServerChoice,
  token: string | null,
): Promise<void> {
  const former = server.choice;
  await server.choose(choice, token);
  try {
    await hub.serverChanged(true);
  } catch (error) {
    await server.choose(former);
    await hub.serverChanged(false).catch(() => undefined); // shown in the panel, with what helps
    await Promise.all(chats.all.map((controller) => controller.session.open()));
    throw error;
  }
  // Conversations of the former server are not this one's. What waits to be sent in a new one goes along.
  for (const controller of chats.all) {
    if (controller.session.target.agentId !== null) controller.show(newTarget(null));
  }
  await chats.current.session.open();
}

function choiceItem(choice: SetupChoice): vscode.QuickPickItem & { readonly id: string } {
  return {
    id: choice.id,
    label: choice.label,
    description: choice.stateText,
    detail: choice.detail,
    iconPath: new vscode.ThemeIcon(choice.icon),
    alwaysShow: false,
  };
}
