import type { AgentInfo, ConversationInfo, ConversationRef } from '../../core/lettaConnection.ts';
import { agentInfo, conversationInfo } from './catalog.ts';
import { object, objects, text } from './fields.ts';
import type { Fields } from './fields.ts';
import type { Frame } from './frameLink.ts';
import { required, succeeded } from './requests.ts';
import type { Requests } from './requests.ts';

const PAGE = 100;
const MAX_PAGES = 10;

/** The agents and conversations of a server. */
export class Directory {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  async listAgents(): Promise<readonly AgentInfo[]> {
    const listed = await this.#pages({ type: 'agent_list' }, {}, 'agents');
    return listed.map(agentInfo).filter((agent) => agent !== null);
  }

  /** Not pinned anywhere: it belongs to this extension until the person says otherwise. */
  async createAgent(name: string, model: string): Promise<AgentInfo> {
    const reply = await this.#requests.ask({ type: 'agent_create', body: { name, model } }, succeeded);
    return required(agentInfo(object(reply, 'agent') ?? {}), 'agent_create');
  }

  async listConversations(agentId: string): Promise<readonly ConversationInfo[]> {
    const listed = await this.#pages({ type: 'conversation_list' }, { agent_id: agentId }, 'conversations');
    return (
      listed
        .map((conversation) => conversationInfo(conversation, agentId))
        .filter((conversation) => conversation !== null)
        // The server lists archived ones whatever it is asked (PROTOCOL b.9).
        .filter((conversation) => !conversation.isArchived)
        .sort((a, b) => (b.updatedAt ?? 0) - (a.updatedAt ?? 0))
    );
  }

  async renameConversation(conversationId: string, title: string): Promise<void> {
    const body = { summary: title };
    await this.#requests.ask(
      { type: 'conversation_update', conversation_id: conversationId, body },
      succeeded,
    );
  }

  async forkConversation({ agentId, conversationId }: ConversationRef): Promise<string> {
    const reply = await this.#requests.ask(
      { type: 'conversation_fork', conversation_id: conversationId, body: { agent_id: agentId } },
      succeeded,
    );
    return required(text(object(reply, 'conversation') ?? reply, 'id'), 'conversation_fork');
  }

  async #pages(frame: Frame, query: Frame, key: string): Promise<readonly Fields[]> {
    const all: Fields[] = [];
    let after: string | null = null;
    for (let page = 0; page < MAX_PAGES; page++) {
      const asked = { ...query, limit: PAGE, ...(after === null ? {} : { after }) };
      const reply = await this.#requests.ask({ ...frame, query: asked }, succeeded);
      const entries = objects(reply, key);
      const known = new Set(all.map((entry) => text(entry, 'id')));
      const fresh = entries.filter((entry) => !known.has(text(entry, 'id')));
      all.push(...fresh);
      const last = entries.at(-1);
      after = last === undefined ? null : text(last, 'id');
      if (entries.length < PAGE || fresh.length === 0 || after === null) break;
    }
    return all;
  }
}
