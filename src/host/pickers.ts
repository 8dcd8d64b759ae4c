import * as vscode from 'vscode';
import type { Hub } from '../core/hub.ts';
import { byCommonness } from '../core/commonProviders.ts';
import type { AgentInfo, ConversationInfo, ModelInfo } from '../core/lettaConnection.ts';
import type { SessionTarget } from '../core/sessionView.ts';
import { newTarget } from './chats.ts';
import { connectProvider } from './providerPicker.ts';

type Item<T> = vscode.QuickPickItem & { readonly value: T };

/** An agent, or a new one with a model chosen for it. */
export async function pickAgent(hub: Hub, title: string): Promise<AgentInfo | null> {
  const create: Item<AgentInfo | null> = {
    label: vscode.l10n.t('New agent…'),
    iconPath: new vscode.ThemeIcon('add'),
    value: null,
  };
  const items = hub.refreshAgents().then((agents) => [
    ...agents.map((agent): Item<AgentInfo | null> => ({
      label: agent.name,
      description: agent.modelHandle ?? '',
      value: agent,
    })),
    create,
  ]);
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: vscode.l10n.t('Choose an agent'),
  });
  if (picked === undefined) return null;
  return picked.value ?? newAgent(hub);
}

async function newAgent(hub: Hub): Promise<AgentInfo | null> {
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('New Agent'),
    prompt: vscode.l10n.t('How should the agent be called?'),
    validateInput: (value) => (value.trim() === '' ? vscode.l10n.t('Give it a name.') : null),
  });
  if (name === undefined) return null;
  const model = await pickModel(hub, null);
  return model === null ? null : hub.createAgent(model.handle, name.trim());
}

/** A usable model. "Connect a provider" is in the list too, so that an empty one is not a dead end. */
export async function pickModel(
  hub: Hub,
  current: string | null,
  provider: string | null = null,
): Promise<ModelInfo | null> {
  const connect: ModelItem = {
    label: vscode.l10n.t('Connect a model provider…'),
    iconPath: new vscode.ThemeIcon('key'),
    value: null,
  };
  const items = hub.refreshModels().then((models) => [...modelItems(models, current, provider), connect]);
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Model'),
    placeHolder: vscode.l10n.t('Choose a model'),
    matchOnDescription: true,
  });
  if (picked?.value === undefined) return null;
  if (picked.value !== null) return picked.value;
  const connected = await connectProvider(hub);
  return connected === null ? null : pickModel(hub, current, connected);
}

type ModelItem = vscode.QuickPickItem & { readonly value?: ModelInfo | null };

/** By provider: the one that was just connected, then the common ones. Within one as the server lists them. */
function modelItems(
  models: readonly ModelInfo[],
  current: string | null,
  provider: string | null,
): readonly ModelItem[] {
  const usable = byCommonness(
    models.filter((model) => model.isAvailable),
    (model) => model.provider,
    (model) => model.provider,
  );
  const isFirst = (model: ModelInfo): boolean => model.provider === provider;
  let last = '';
  return [...usable.filter(isFirst), ...usable.filter((model) => !isFirst(model))].flatMap((model) => {
    const item: ModelItem = {
      label: model.label,
      iconPath: new vscode.ThemeIcon(model.handle === current ? 'check' : 'blank'),
      description: model.handle,
      value: model,
    };
    if (model.provider === last) return [item];
    last = model.provider;
    return [{ label: model.provider, kind: vscode.QuickPickItemKind.Separator }, item];
  });
}

export async function pickConversation(hub: Hub, agent: AgentInfo): Promise<SessionTarget | null> {
  const fresh: Item<SessionTarget> = {
    label: vscode.l10n.t('New conversation'),
    iconPath: new vscode.ThemeIcon('add'),
    value: newTarget(agent.id),
  };
  const items = hub
    .connect()
    .then((connection) => connection.listConversations(agent.id))
    .then((conversations) => [fresh, ...conversations.map((one) => conversationItem(agent, one))]);
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Conversations with {0}', agent.name),
    placeHolder: vscode.l10n.t('Choose a conversation'),
    matchOnDescription: true,
  });
  return picked?.value ?? null;
}

/** First an agent, then one of its conversations. */
export async function pickTarget(hub: Hub): Promise<SessionTarget | null> {
  const agent = await pickAgent(hub, vscode.l10n.t('Send Selection to Agent'));
  return agent === null ? null : pickConversation(hub, agent);
}

function conversationItem(agent: AgentInfo, one: ConversationInfo): Item<SessionTarget> {
  return {
    label: one.title ?? vscode.l10n.t('Untitled conversation'),
    description: one.updatedAt === null ? '' : new Date(one.updatedAt).toLocaleString(vscode.env.language),
    value: { agentId: agent.id, conversationId: one.id, title: one.title, newId: one.id },
  };
}
