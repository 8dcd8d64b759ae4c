import * as vscode from 'vscode';
import type { Hub } from '../core/hub.ts';
import type { AgentInfo, ConversationInfo, ModelInfo, ProviderInfo } from '../core/lettaConnection.ts';
import type { SessionTarget } from '../core/sessionView.ts';
import { newTarget } from './chats.ts';

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
export async function pickModel(hub: Hub, current: string | null): Promise<ModelInfo | null> {
  const connect: Item<ModelInfo | null> = {
    label: vscode.l10n.t('Connect a model provider…'),
    iconPath: new vscode.ThemeIcon('key'),
    value: null,
  };
  const items = hub.refreshModels().then((models) => [
    ...models
      .filter((model) => model.isAvailable)
      .map((model): Item<ModelInfo | null> => ({
        label: model.label,
        iconPath: new vscode.ThemeIcon(model.handle === current ? 'check' : 'blank'),
        description: model.handle,
        value: model,
      })),
    connect,
  ]);
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Model'),
    placeHolder: vscode.l10n.t('Choose a model'),
    matchOnDescription: true,
  });
  if (picked === undefined) return null;
  if (picked.value !== null) return picked.value;
  return (await connectProvider(hub)) ? pickModel(hub, current) : null;
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

/** True when a provider was connected. Keys are handed to Letta and kept nowhere else. */
export async function connectProvider(hub: Hub): Promise<boolean> {
  const connection = await hub.connect();
  const items = connection.listProviders().then((providers) =>
    providers.map((provider): Item<ProviderInfo> => ({
      label: provider.name,
      description: provider.isConnected ? vscode.l10n.t('connected') : '',
      value: provider,
    })),
  );
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Connect a Model Provider'),
    placeHolder: vscode.l10n.t('Your messages will be sent to the provider you choose'),
  });
  if (picked === undefined) return false;
  const fields = await askFields(picked.value);
  if (fields === null) return false;
  await connection.connectProvider(picked.value.id, fields);
  await hub.refreshModels();
  return true;
}

async function askFields(provider: ProviderInfo): Promise<Readonly<Record<string, string>> | null> {
  const values = new Map<string, string>();
  for (const field of provider.fields) {
    const value = await vscode.window.showInputBox({
      title: provider.name,
      prompt: field.isRequired ? field.label : vscode.l10n.t('{0} (may be left empty)', field.label),
      placeHolder: field.placeholder,
      password: field.isSecret,
      ignoreFocusOut: true,
      validateInput: (text) => {
        if (field.isRequired && text.trim() === '') return vscode.l10n.t('This is needed.');
        return /\p{Cc}/u.test(text)
          ? vscode.l10n.t('This contains a character that cannot be part of it.')
          : null;
      },
    });
    if (value === undefined) return null;
    if (value.trim() !== '') values.set(field.key, value.trim());
  }
  return Object.fromEntries(values);
}

function conversationItem(agent: AgentInfo, one: ConversationInfo): Item<SessionTarget> {
  return {
    label: one.title ?? vscode.l10n.t('Untitled conversation'),
    description: one.updatedAt === null ? '' : new Date(one.updatedAt).toLocaleString(vscode.env.language),
    value: { agentId: agent.id, conversationId: one.id, title: one.title, newId: one.id },
  };
}
