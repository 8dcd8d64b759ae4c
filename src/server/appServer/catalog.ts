import type { AgentInfo, ConversationInfo, ModelInfo, ProviderInfo } from '../../core/lettaConnection.ts';
import { date, flag, number, object, objects, text, texts } from './fields.ts';
import type { Fields } from './fields.ts';

/** Providers that list only what really answers; their models are usable without being named as available. */
const LOCAL_PROVIDERS = new Set(['ollama', 'lmstudio', 'llama-cpp', 'llama.cpp', 'openai-compatible']);

/** Null where the server sent something without an id. */
export function agentInfo(agent: Fields): AgentInfo | null {
  const id = text(agent, 'id');
  return id === null ? null : { id, name: text(agent, 'name') ?? id, modelHandle: text(agent, 'model') };
}

export interface ListedConversation extends ConversationInfo {
  readonly isArchived: boolean;
}

export function conversationInfo(conversation: Fields, agentId: string): ListedConversation | null {
  const id = text(conversation, 'id');
  if (id === null) return null;
  const title = text(conversation, 'summary')?.trim() ?? '';
  return {
    id,
    agentId: text(conversation, 'agent_id') ?? agentId,
    title: title === '' ? null : title,
    updatedAt: date(conversation, 'last_message_at') ?? date(conversation, 'updated_at'),
    modelHandle: text(conversation, 'model'),
    isArchived: flag(conversation, 'archived') === true,
  };
}

export function modelInfos(reply: Fields): readonly ModelInfo[] {
  const available = new Set(texts(reply, 'available_handles'));
  const models: ModelInfo[] = [];
  for (const entry of objects(reply, 'entries')) {
    const handle = text(entry, 'handle');
    if (handle === null || models.some((model) => model.handle === handle)) continue;
    const provider = handle.split('/')[0] ?? '';
    const limits = object(entry, 'updateArgs');
    models.push({
      handle,
      label: text(entry, 'label') ?? handle,
      provider,
      contextWindow: limits === null ? null : number(limits, 'context_window'),
      isAvailable: available.has(handle) || LOCAL_PROVIDERS.has(provider),
    });
  }
  return models;
}

export interface ListedProvider extends ProviderInfo {
  /** Of several ways to sign in, the first that asks for fields. */
  readonly authMethodId: string | null;
}

export function providerInfos(reply: Fields): readonly ListedProvider[] {
  return objects(reply, 'providers').flatMap((provider) => {
    const id = text(provider, 'id');
    if (id === null) return [];
    const method = objects(provider, 'auth_methods').find((one) => objects(one, 'fields').length > 0) ?? null;
    const connected = object(provider, 'connected');
    return [
      {
        id,
        name: text(provider, 'display_name') ?? id,
        isConnected: connected !== null && flag(connected, 'is_connected') === true,
        authMethodId: method === null ? null : text(method, 'id'),
        fields: objects(method ?? provider, 'fields').flatMap(providerField),
      },
    ];
  });
}

function providerField(field: Fields): ProviderInfo['fields'] {
  const key = text(field, 'key');
  if (key === null) return [];
  return [
    {
      key,
      label: text(field, 'label') ?? key,
      placeholder: text(field, 'placeholder') ?? '',
      isSecret: flag(field, 'secret') === true,
      isRequired: flag(field, 'required') === true,
    },
  ];
}
