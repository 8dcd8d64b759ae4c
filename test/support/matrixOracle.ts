import type { Frame } from '../../src/server/appServer/frameLink.ts';
import { contentText } from '../../src/server/appServer/messageContent.ts';
import { isRecord } from '../../src/shared/json.ts';
import type { Turn, UserPart } from '../../src/shared/transcript.ts';
import type { MatrixHost } from './matrixHost.ts';
import { isOf, recordIn, type RuntimeClient } from './runtimeClient.ts';

/** A message that was written, and what the scripted model says to it when nothing comes between. */
export interface Written {
  readonly clientId: string;
  /** A word that is in no other message. */
  readonly marker: string;
  readonly text: string;
  readonly reasoning: string;
  /** Stopped by the person: how far the model came is a race. */
  readonly isStopped: boolean;
}

/** The longest text of the reply to a message that stood on the screen. */
export interface Seen {
  readonly text: string;
  readonly reasoning: string;
}

interface ServerTurn {
  readonly prompt: string;
  text: string;
  reasoning: string;
  readonly calls: string[];
  readonly returns: Map<string, string>;
}

/** What the server keeps of a conversation, and what it waits for, as a client without any of our code above it reads it. */
export interface ServerTruth {
  readonly turns: readonly ServerTurn[];
  readonly pendingRequests: readonly string[];
}

export async function readTruth(client: RuntimeClient, runtime: Frame): Promise<ServerTruth> {
  const from = client.received.length;
  const started = await client.request({ type: 'runtime_start', ...runtime, wait_for_replay: true });
  if (started['success'] === false) throw new Error(`not opened: ${String(started['error'])}`);
  const status = await client.frame('the status', (frame) => isStatusOf(frame, runtime), from);
  const answer = await client.request({
    type: 'conversation_messages_list',
    conversation_id: runtime['conversation_id'],
    query: { agent_id: runtime['agent_id'], limit: 100, order: 'desc' },
  });
  const messages = Array.isArray(answer['messages']) ? answer['messages'].filter(isRecord) : null;
  if (messages === null) throw new Error(`no history: ${JSON.stringify(answer).slice(0, 300)}`);
  return { turns: turnsOf(messages.toReversed()), pendingRequests: pendingIn(client, runtime, status) };
}

function isStatusOf(frame: Frame, runtime: Frame): boolean {
  return frame['type'] === 'update_device_status' && isOf(frame, runtime);
}

/** By the last status that came: earlier ones may be of the newest turn as it was. */
function pendingIn(client: RuntimeClient, runtime: Frame, first: Frame): readonly string[] {
  const last = client.received.findLast(({ frame }) => isStatusOf(frame, runtime))?.frame ?? first;
  const status = recordIn(last, 'device_status');
  const pending = status['pending_control_requests'];
  return Array.isArray(pending) ? pending.map((one: unknown) => JSON.stringify(one)) : [];
}

function turnsOf(messages: readonly Frame[]): readonly ServerTurn[] {
  const turns: ServerTurn[] = [];
  for (const message of messages) {
    const content = contentText(message['content']);
    if (message['message_type'] === 'user_message' && content.includes('TEST ')) {
      turns.push({ prompt: content, text: '', reasoning: '', calls: [], returns: new Map() });
      continue;
    }
    const turn = turns.at(-1);
    if (turn === undefined) continue;
    switch (message['message_type']) {
      case 'assistant_message':
        turn.text += content;
        break;
      case 'reasoning_message':
        turn.reasoning += String(message['reasoning']);
        break;
      case 'approval_request_message':
      case 'tool_call_message':
        turn.calls.push(...callIds(message));
        break;
      case 'tool_return_message':
        turn.returns.set(String(message['tool_call_id']), contentText(message['tool_return']));
    }
  }
  return turns;
}

function callIds(message: Frame): readonly string[] {
  const many = Array.isArray(message['tool_calls']) ? message['tool_calls'] : [];
  const calls = isRecord(message['tool_call']) ? [message['tool_call']] : many.filter(isRecord);
  return calls.map((call) => String(call['tool_call_id']));
}

/** What of N1 and N2 does not hold, in words. */
export function faultsOf(
  host: MatrixHost,
  truth: ServerTruth,
  written: readonly Written[],
  seen: ReadonlyMap<string, Seen>,
): readonly string[] {
  const faults = truth.pendingRequests.map((id) => `N4: the server still waits for the answer to ${id}`);
  for (const message of written) {
    faults.push(...onceFaults(host, truth, message), ...textFaults(host, truth, message, seen));
  }
  const order = written.map(({ marker }) => marker);
  const shown = host.parts.flatMap((part) =>
    part.kind === 'user' ? order.filter((marker) => part.text.includes(marker)) : [],
  );
  const expected = order.filter((marker) => shown.includes(marker));
  if (shown.join() !== expected.join()) faults.push(`N2: order ${shown.join()}`);
  const ids = host.parts.map((part) => `${part.kind} ${part.id}`);
  for (const id of new Set(ids)) {
    if (ids.filter((other) => other === id).length > 1) faults.push(`N2: ${id} is shown more than once`);
  }
  return faults;
}

/** `kept`: in the history; `unsent`, `notKept`: offered. */
export function fateOf(host: MatrixHost, { marker }: Written): string {
  const part = promptOf(host, marker);
  if (part !== null) return part.delivery === 'sent' ? 'kept' : part.delivery;
  return host.view?.state.queue.find(({ text }) => text.includes(marker))?.state ?? 'lost';
}

function promptOf(host: MatrixHost, marker: string): UserPart | null {
  for (const part of host.parts) if (part.kind === 'user' && part.text.includes(marker)) return part;
  return null;
}

function onceFaults(host: MatrixHost, truth: ServerTruth, message: Written): readonly string[] {
  const { marker } = message;
  const kept = truth.turns.filter((turn) => turn.prompt.includes(marker)).length;
  const rows = host.parts.filter((part) => part.kind === 'user' && part.text.includes(marker)).length;
  const queued = host.view?.state.queue.filter(({ text }) => text.includes(marker)).length ?? 0;
  const faults: string[] = [];
  if (kept > 1) faults.push(`N1: ${marker} is ${String(kept)} times in the history`);
  if (rows + queued !== 1) faults.push(`N1: ${marker} is shown ${String(rows)} + ${String(queued)} times`);
  const fate = fateOf(host, message);
  const fits = kept === 1 ? fate === 'kept' : fate === 'unsent' || fate === 'notKept' || fate === 'paused';
  if (!fits) faults.push(`N1: ${marker} is shown as ${fate}, ${String(kept)} times in the history`);
  return faults;
}

function shownTurn(host: MatrixHost, marker: string): Turn | null {
  const has = (turn: Turn): boolean =>
    turn.parts.some((part) => part.kind === 'user' && part.text.includes(marker));
  return host.turns.find(has) ?? null;
}

export function shownText(turn: Turn, kind: 'text' | 'reasoning'): string {
  return turn.parts.map((part) => (part.kind === kind ? part.text : '')).join('');
}

function textFaults(
  host: MatrixHost,
  truth: ServerTruth,
  message: Written,
  seen: ReadonlyMap<string, Seen>,
): readonly string[] {
  const { marker, isStopped } = message;
  const turn = shownTurn(host, marker);
  const server = truth.turns.find(({ prompt }) => prompt.includes(marker));
  if (turn === null) return [];
  const faults: string[] = [];
  for (const kind of ['text', 'reasoning'] as const) {
    const shown = shownText(turn, kind);
    const say = (what: string): void => {
      faults.push(`N2: ${marker}: ${kind} ${what}: "${shown.slice(0, 40)}…${shown.slice(-40)}"`);
    };
    const before = seen.get(marker)?.[kind] ?? '';
    if (!message[kind].startsWith(shown)) say('is not what the model said');
    if (!shown.startsWith(before)) say(`lost what was seen ("…${before.slice(-40)}")`);
    if (server === undefined || isStopped) continue;
    if (!shown.startsWith(server[kind])) say(`lacks what the server keeps ("…${server[kind].slice(-40)}")`);
    const isWhole = turn.outcome?.kind === 'completed';
    if (isWhole && shown !== message[kind]) say('is not whole, though the turn is shown as completed');
    if (isWhole && shown !== server[kind]) say('is not what the server keeps');
  }
  const tools = turn.parts.filter((part) => part.kind === 'tool');
  for (const id of server?.calls ?? []) {
    if (!tools.some((part) => part.id === id)) faults.push(`N2: ${marker}: the call ${id} is not shown`);
  }
  for (const tool of tools) {
    const isOpen = ['announced', 'waitingForApproval', 'allowed', 'running'].includes(tool.state);
    if (isOpen) faults.push(`N6: ${marker}: the call is ${tool.state} for ever`);
    const kept = server?.returns.get(tool.id);
    if (tool.state === 'done' && kept !== undefined && kept !== tool.output)
      faults.push(`N2: ${marker}: output "${tool.output.slice(0, 80)}", kept "${kept.slice(0, 80)}"`);
  }
  return faults;
}
