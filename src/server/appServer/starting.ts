import type { ConversationRef, OpenedConversation, OpenRequest } from '../../core/lettaConnection.ts';
import type { PermissionMode } from '../../shared/panel.ts';
import { agentInfo, conversationInfo } from './catalog.ts';
import { refOf } from './decode.ts';
import { flag, object } from './fields.ts';
import type { Fields } from './fields.ts';
import type { Frame } from './frameLink.ts';
import type { OpenConversation, OpenConversations } from './openConversations.ts';
import { required, succeeded } from './requests.ts';
import type { Requests } from './requests.ts';

/** Starts conversations on the server: always with a mode, which counts only as the server reports it. */
export class Starting {
  readonly #requests: Requests;
  readonly #conversations: OpenConversations;
  readonly #clientVersion: string;
  readonly #setMode: (ref: ConversationRef, mode: PermissionMode) => Promise<void>;

  constructor(
    requests: Requests,
    conversations: OpenConversations,
    clientVersion: string,
    setMode: (ref: ConversationRef, mode: PermissionMode) => Promise<void>,
  ) {
    this.#requests = requests;
    this.#conversations = conversations;
    this.#clientVersion = clientVersion;
    this.#setMode = setMode;
  }

  async open({ agentId, conversationId, mode, cwd }: OpenRequest): Promise<OpenedConversation> {
    // The mode that counts is the one reported from now on.
    if (conversationId !== null) this.#conversations.forgetDevice({ agentId, conversationId });
    const target =
      conversationId === null ? { create_conversation: { body: {} } } : { conversation_id: conversationId };
    const reply = await this.#start({ agent_id: agentId, ...target }, mode, cwd);
    const ref = required(refOf(reply), 'runtime_start');
    const reported = await this.#confirmMode(ref, mode, reply);
    this.#conversations.remember({ ref, mode: reported, cwd });
    const conversation = conversationInfo(object(reply, 'conversation') ?? {}, ref.agentId);
    return {
      ref,
      agent: required(agentInfo(object(reply, 'agent') ?? { id: ref.agentId }), 'runtime_start'),
      conversation: conversation ?? {
        id: ref.conversationId,
        agentId: ref.agentId,
        title: null,
        updatedAt: null,
        modelHandle: null,
      },
      mode: reported,
      cwd: this.#conversations.device(ref)?.cwd ?? cwd,
    };
  }

  /** In a new process of the server, with what the person had chosen. */
  async again({ ref, mode, cwd }: OpenConversation): Promise<void> {
    const target = { agent_id: ref.agentId, conversation_id: ref.conversationId };
    const reply = await this.#start(target, mode, cwd);
    await this.#confirmMode(ref, mode, reply);
  }

  /** What is not said runs everything without asking (PROTOCOL b.6). */
  #start(target: Frame, mode: PermissionMode, cwd: string | null): Promise<Fields> {
    const frame = {
      type: 'runtime_start',
      ...target,
      mode,
      ...(cwd === null ? {} : { cwd }),
      client_info: { name: 'letta-vscode', version: this.#clientVersion },
      wait_for_replay: true,
    };
    return this.#requests.ask(frame, succeeded);
  }

  /**
   * The mode the server reports. One that was not asked for is set once more before it is called an error; but one that
   * another window of ours chose is left to it (`watching` is the broker's word for that).
   */
  async #confirmMode(ref: ConversationRef, mode: PermissionMode, reply: Fields): Promise<PermissionMode> {
    const reported = await this.#conversations.modeConfirmed(ref, () => true);
    if (reported === mode || flag(reply, 'watching') === true) return reported;
    await this.#setMode(ref, mode);
    return mode;
  }
}
