import type { PermissionMode } from '../shared/panel.ts';
import type { AgentMemory } from './agentMemory.ts';
import type { HistoryPage, StampedEvent } from './lettaEvent.ts';
import type { Event } from './ports.ts';

/**
 * One way to a Letta server, in one vocabulary over both protocols (PROTOCOL part c). What a server lacks is absent
 * from `capabilities`, never faked. Every method rejects with a `LettaError`; every request has a time limit.
 */
export interface LettaConnection {
  readonly capabilities: Capabilities;
  readonly state: ConnectionState;
  readonly onDidChangeState: Event<ConnectionState>;
  /** Events of every conversation opened on this connection, in the order they came. */
  readonly onDidReceive: Event<ConversationEvent>;
  /** Null unless `capabilities.memory` is 'files'. */
  readonly memory: AgentMemory | null;

  /** Conversations in which a turn runs or waits, whichever window shows them. */
  readonly working: readonly ConversationRef[];
  readonly onDidChangeWorking: Event<readonly ConversationRef[]>;

  listAgents(): Promise<readonly AgentInfo[]>;
  /** Never without an explicit model: the server would pick one by itself. */
  createAgent(request: { readonly name: string; readonly modelHandle: string }): Promise<AgentInfo>;
  /** Newest first, without archived ones. */
  listConversations(agentId: string): Promise<readonly ConversationInfo[]>;
  renameConversation(conversationId: string, title: string): Promise<void>;
  /** A copy with all its messages; resolves to its id. */
  forkConversation(ref: ConversationRef): Promise<string>;

  /**
   * Opens (or with `conversationId: null` creates) a conversation and subscribes to its events. Resolves once the
   * server's state was replayed; `mode` is what the server then reported, not what was asked.
   */
  openConversation(request: OpenRequest): Promise<OpenedConversation>;
  /** One page of history, newest first page when `before` is null. Also comes as a `historyRead` event, in its place among the others. */
  readHistory(ref: ConversationRef, before: string | null, limit: number): Promise<HistoryPage>;

  /** Resolves when the server has taken the message. Sent exactly once, never retried here. */
  send(ref: ConversationRef, message: OutgoingMessage): Promise<void>;
  answerApproval(
    ref: ConversationRef,
    answer: ApprovalAnswer,
  ): Promise<{ readonly accepted: boolean; readonly message: string }>;
  /** False: nothing was running. */
  stop(ref: ConversationRef): Promise<boolean>;
  removeQueued(ref: ConversationRef, itemId: string): Promise<void>;
  resumeQueue(ref: ConversationRef): Promise<void>;
  setMode(ref: ConversationRef, mode: PermissionMode): Promise<void>;

  listModels(): Promise<readonly ModelInfo[]>;
  setModel(ref: ConversationRef, handle: string): Promise<void>;
  listProviders(): Promise<readonly ProviderInfo[]>;
  /**
   * Hands the fields (keys among them) to the server and forgets them. `isAgain`: it has the models it had before, so
   * no new ones are waited for.
   */
  connectProvider(
    providerId: string,
    fields: Readonly<Record<string, string>>,
    isAgain?: boolean,
  ): Promise<void>;

  dispose(): void;
}

export interface Capabilities {
  readonly permissions: boolean;
  readonly queue: boolean;
  readonly providers: boolean;
  readonly memory: 'files' | 'blocks' | null;
}

export type ConnectionState =
  | { readonly kind: 'connecting'; readonly text: string }
  | { readonly kind: 'open' }
  /** Comes back by itself. */
  | { readonly kind: 'restarting'; readonly attempt: number; readonly message: string }
  | { readonly kind: 'closed'; readonly error: LettaError };

export interface ConversationRef {
  readonly agentId: string;
  readonly conversationId: string;
}

export interface ConversationEvent {
  readonly ref: ConversationRef;
  readonly stamped: StampedEvent;
}

export interface OpenRequest {
  readonly agentId: string;
  readonly conversationId: string | null;
  /** Absolute path of the working directory; null leaves the server's. */
  readonly cwd: string | null;
  readonly mode: PermissionMode;
}

export interface OpenedConversation {
  readonly ref: ConversationRef;
  readonly agent: AgentInfo;
  readonly conversation: ConversationInfo;
  readonly mode: PermissionMode;
  readonly cwd: string | null;
}

export interface AgentInfo {
  readonly id: string;
  readonly name: string;
  readonly modelHandle: string | null;
}

export interface ConversationInfo {
  readonly id: string;
  readonly agentId: string;
  /** Null: never titled. */
  readonly title: string | null;
  /** Epoch ms. */
  readonly updatedAt: number | null;
  readonly modelHandle: string | null;
}

export interface OutgoingMessage {
  readonly clientId: string;
  /** Attachment blocks first, then the person's text; each becomes one content part. */
  readonly texts: readonly string[];
}

export interface ApprovalAnswer {
  readonly requestId: string;
  readonly decision: 'allow' | 'deny';
  /** Read by the model. */
  readonly reason: string;
}

export interface ModelInfo {
  readonly handle: string;
  readonly label: string;
  readonly provider: string;
  readonly contextWindow: number | null;
  readonly isAvailable: boolean;
}

export interface ProviderInfo {
  readonly id: string;
  readonly name: string;
  readonly isConnected: boolean;
  readonly fields: readonly ProviderField[];
}

export interface ProviderField {
  readonly key: string;
  readonly label: string;
  readonly placeholder: string;
  readonly isSecret: boolean;
  readonly isRequired: boolean;
}

/** Why a connection or a request failed, as far as a caller can act on it. `message` may be shown to the person. */
export class LettaError extends Error {
  override readonly name = 'LettaError';
  readonly reason: LettaErrorReason;
  constructor(reason: LettaErrorReason, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}

export type LettaErrorReason =
  | 'gitMissing'
  | 'runtimeMissing'
  /** The runtime ended again and again; it is not started any more. */
  | 'runtimeGaveUp'
  | 'unreachable'
  | 'unauthorised'
  | 'timeout'
  | 'connectionLost'
  | 'notFound'
  | 'protocol'
  /** The server understood and said no. */
  | 'refused';
