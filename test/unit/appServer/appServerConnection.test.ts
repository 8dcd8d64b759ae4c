import assert from 'node:assert/strict';
import { setup, suite, test } from 'mocha';
import type { ConversationEvent, ConversationRef } from '../../../src/core/lettaConnection.ts';
import { LettaError } from '../../../src/core/lettaConnection.ts';
import { foldAll } from '../../../src/core/replay.ts';
import { AppServerConnection } from '../../../src/server/appServer/appServerConnection.ts';
import type { Frame } from '../../../src/server/appServer/frameLink.ts';
import { FakeLink } from '../../support/coreFakeLink.ts';
import { frameOf, isReceived, recordedRows } from '../../support/coreRecordings.ts';
import type { Row } from '../../support/coreRecordings.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { FakeLogger } from '../../support/fakeLogger.ts';

const ROWS = recordedRows('01-plain-streaming-reply');
const REF: ConversationRef = {
  agentId: 'agent-local-a2611f56-0406-42bd-bbd8-b642677faa93',
  conversationId: 'local-conv-107',
};
const OPEN = { agentId: REF.agentId, conversationId: REF.conversationId, cwd: '/workspace/project' } as const;

/** Frames that the real server sent, of one kind. */
function recorded(name: string, type: string): Row {
  const row = recordedRows(name).find((one) => isReceived(one) && frameOf(one)?.['type'] === type);
  const frame = row === undefined ? null : frameOf(row);
  assert.ok(frame !== null, `${name} has no ${type}`);
  return frame;
}

const STARTED = recorded('01-plain-streaming-reply', 'runtime_start_response');
const STATUS = recorded('01-plain-streaming-reply', 'update_device_status');

function statusWith(mode: string): Frame {
  const status = STATUS['device_status'];
  assert.ok(typeof status === 'object' && status !== null);
  return { ...STATUS, device_status: { ...status, current_permission_mode: mode } };
}

/** Answers like the recorded server: the state first, then the reply. */
function answerStart(mode = 'standard'): (frame: Frame) => readonly Frame[] {
  return (frame) => {
    const id = { request_id: frame['request_id'] };
    switch (frame['type']) {
      case 'app_server_info':
        return [{ ...recorded('01-plain-streaming-reply', 'app_server_info_response'), ...id }];
      case 'runtime_start':
        return [statusWith(mode), { ...STARTED, ...id }];
      case 'input':
        return [{ type: 'input_accepted', accepted: true, disposition: 'queued', ...id }];
      case 'conversation_messages_list':
        return [{ ...recorded('18-conversations', 'conversation_messages_list_response'), ...id }];
      default:
        return [];
    }
  };
}

suite('connection to an App Server', () => {
  let link: FakeLink;
  let clock: FakeClock;
  let logger: FakeLogger;
  let connection: AppServerConnection;
  let events: ConversationEvent[];
  let count: number;

  setup(() => {
    link = new FakeLink();
    clock = new FakeClock();
    logger = new FakeLogger();
    count = 0;
    const newId = (): string => `id-${String(++count)}`;
    connection = new AppServerConnection({ link, clock, logger, clientVersion: '1.0', newId });
    events = [];
    connection.onDidReceive((event) => events.push(event));
  });

  test('a recorded conversation arrives as the events that fold to its transcript', () => {
    for (const row of ROWS.filter(isReceived)) link.receive(frameOf(row) ?? {});
    const folded = foldAll(events.map(({ stamped }) => stamped));
    const texts = folded.transcript.turns.flatMap((turn) => turn.parts);
    assert.deepEqual(
      texts.map((part) => (part.kind === 'text' ? part.text : part.kind)),
      ['tok0 tok1 tok2 tok3 tok4 tok5 '],
    );
    assert.ok(events.every(({ ref }) => ref.conversationId === REF.conversationId));
  });

  test('a frame that the link delivers again has the stamps it had', () => {
    const received = ROWS.filter(isReceived).map((row) => link.receive(frameOf(row) ?? {}));
    const once = foldAll(events.map(({ stamped }) => stamped));
    for (const frame of received) link.redeliver(frame);
    assert.deepEqual(foldAll(events.map(({ stamped }) => stamped)), once);
  });

  test('opening says the mode, waits for the replay, and reports what the server confirmed', async () => {
    link.respond = answerStart();
    const opened = await connection.openConversation({ ...OPEN, mode: 'standard' });
    const sent = link.last('runtime_start');
    assert.equal(sent['mode'], 'standard');
    assert.equal(sent['wait_for_replay'], true);
    assert.deepEqual(opened.ref, REF);
    assert.equal(opened.mode, 'standard');
    assert.equal(opened.cwd, '/workspace/project');
    assert.equal(opened.agent.name, 'Cap');
  });

  test('a new conversation is created and named by the answer', async () => {
    link.respond = answerStart();
    const opened = await connection.openConversation({ ...OPEN, conversationId: null, mode: 'standard' });
    assert.deepEqual(link.last('runtime_start')['create_conversation'], { body: {} });
    assert.equal(opened.conversation.id, REF.conversationId);
  });

  test('a server in another mode is told once more, and refused when it stays so', async () => {
    link.respond = answerStart('unrestricted');
    const opening = connection.openConversation({ ...OPEN, mode: 'standard' });
    await settled();
    assert.deepEqual(link.last('change_device_state')['payload'], { mode: 'standard' });
    clock.advance(15_000);
    await assert.rejects(opening, (error) => error instanceof LettaError && error.reason === 'protocol');
  });

  test('a mode that the server corrects is confirmed', async () => {
    link.respond = answerStart('unrestricted');
    const opening = connection.openConversation({ ...OPEN, mode: 'standard' });
    await settled();
    link.receive(statusWith('standard'));
    assert.equal((await opening).mode, 'standard');
  });

  test('resume_queue goes out right before every message, in the same tick', async () => {
    link.respond = answerStart();
    await connection.send(REF, { clientId: 'c1', texts: ['[Attached {}]', 'hello'] });
    assert.deepEqual(link.types(), ['resume_queue', 'input']);
    const payload = link.last('input')['payload'] as Row;
    assert.deepEqual(payload['messages'], [
      {
        role: 'user',
        content: [
          { type: 'text', text: '[Attached {}]' },
          { type: 'text', text: 'hello' },
        ],
        client_message_id: 'c1',
      },
    ]);
  });

  test('a message the server refuses is refused here, with its words', async () => {
    link.respond = (frame) =>
      frame['type'] === 'input'
        ? [{ type: 'input_accepted', request_id: frame['request_id'], accepted: false, error: 'no' }]
        : [];
    await assert.rejects(connection.send(REF, { clientId: 'c1', texts: ['x'] }), /no/);
  });

  test('a denial always has words for the model', async () => {
    link.respond = answerStart();
    await connection.answerApproval(REF, { requestId: 'perm-1', decision: 'deny', reason: '' });
    const payload = link.last('input')['payload'] as Row;
    assert.equal(payload['kind'], 'approval_response');
    assert.match(JSON.stringify(payload['decision']), /"behavior":"deny","message":"[^"]+"/);
  });

  test('an answer that comes too late is no longer taken', async () => {
    link.respond = (frame) => [
      {
        type: 'input_accepted',
        request_id: frame['request_id'],
        accepted: false,
        error: 'Approval request is no longer pending',
      },
    ];
    const answer = await connection.answerApproval(REF, { requestId: 'p', decision: 'allow', reason: '' });
    assert.deepEqual(answer, { accepted: false, message: 'Approval request is no longer pending' });
  });

  test('no answer within 15 s is a timeout, and the late one is ignored', async () => {
    const stopping = connection.stop(REF);
    const id = link.last('abort_message')['request_id'];
    clock.advance(14_999);
    clock.advance(1);
    await assert.rejects(stopping, (error) => error instanceof LettaError && error.reason === 'timeout');
    link.receive({ type: 'abort_message_response', request_id: id, success: true, aborted: true });
    link.receive({ type: 'abort_message_response', request_id: 'never-asked', success: true });
    assert.equal(events.length, 0);
    assert.equal(clock.pending, 0);
  });

  test('stop tells whether anything ran', async () => {
    link.respond = (frame) => [
      { type: 'abort_message_response', request_id: frame['request_id'], success: true, aborted: false },
    ];
    assert.equal(await connection.stop(REF), false);
  });

  test('history is read newest first and told in its place among the events', async () => {
    link.respond = answerStart();
    const page = await connection.readHistory(REF, null, 50);
    const query = link.last('conversation_messages_list')['query'] as Row;
    assert.equal(query['order'], 'desc');
    assert.equal(page.messages[0]?.kind, 'user');
    assert.equal(page.before, null);
    assert.deepEqual(
      events.map(({ stamped }) => stamped.event.type),
      ['historyRead'],
    );
  });

  test('an unknown conversation is not found', async () => {
    link.respond = (frame) => [
      {
        ...recorded('16-unknown-ids', 'conversation_messages_list_response'),
        request_id: frame['request_id'],
      },
    ];
    await assert.rejects(
      connection.readHistory(REF, null, 5),
      (error) => error instanceof LettaError && error.reason === 'notFound',
    );
  });

  test('a malformed frame is counted, logged without its content, and harms nothing', () => {
    link.receive({ secret: 'canary' });
    link.receive({ type: 7, secret: 'canary' });
    for (const row of ROWS.filter(isReceived)) link.receive(frameOf(row) ?? {});
    assert.ok(events.length > 10);
    assert.equal(logger.at('warn').length, 2);
    assert.ok(!JSON.stringify(logger.lines).includes('canary'));
  });

  test('an open conversation is told that something could not be read', async () => {
    link.respond = answerStart();
    await connection.openConversation({ ...OPEN, mode: 'standard' });
    events.length = 0;
    link.receive({ type: 7 });
    link.findUnreadable(3);
    assert.deepEqual(
      events.map(({ ref, stamped }) => [ref, stamped.event.type]),
      [
        [REF, 'unreadable'],
        [REF, 'unreadable'],
      ],
    );
  });

  test('a restart ends what ran, and opens and reads every conversation again with its mode and folder', async () => {
    link.respond = answerStart();
    await connection.openConversation({ ...OPEN, mode: 'standard' });
    const waiting = connection.stop(REF);
    const states: string[] = [];
    connection.onDidChangeState((state) => states.push(state.kind));
    events.length = 0;
    link.change({ kind: 'restarting', attempt: 1, message: 'Letta ended and is started again.' });
    await assert.rejects(
      waiting,
      (error) => error instanceof LettaError && error.reason === 'connectionLost',
    );
    await assert.rejects(connection.send(REF, { clientId: 'c', texts: ['x'] }), /lost/);
    link.change({ kind: 'open', epoch: 'e2' });
    await settled();
    assert.deepEqual(states, ['restarting', 'open']);
    const again = link.last('runtime_start');
    assert.deepEqual(
      [again['conversation_id'], again['mode'], again['cwd']],
      [REF.conversationId, 'standard', OPEN.cwd],
    );
    const kinds = events.map(({ stamped }) => stamped.event.type);
    assert.deepEqual([kinds[0], kinds.at(-1)], ['connectionLost', 'historyRead']);
    assert.ok(kinds.includes('deviceChanged'));
  });

  test('frames of a runtime that has ended are not taken', async () => {
    link.respond = answerStart();
    await connection.openConversation({ ...OPEN, mode: 'standard' });
    const old = link.receive(statusWith('standard'));
    link.change({ kind: 'open', epoch: 'e2' });
    await settled();
    events.length = 0;
    link.redeliver(old);
    assert.equal(events.length, 0);
  });

  test('a closed link fails what waits and says why', async () => {
    const listing = connection.listAgents();
    link.change({ kind: 'closed', error: new LettaError('runtimeGaveUp', 'It ended three times.') });
    await assert.rejects(listing, /three times/);
    assert.equal(connection.state.kind, 'closed');
  });

  test('archived conversations are left out, newest first', async () => {
    link.respond = (frame) => [
      {
        type: 'conversation_list_response',
        request_id: frame['request_id'],
        success: true,
        conversations: [
          { id: 'old', agent_id: 'a', archived: false, updated_at: '2026-11-20T00:00:00Z', summary: ' Old ' },
          { id: 'gone', agent_id: 'a', archived: true, updated_at: '2026-11-22T00:00:00Z', summary: null },
          { id: 'new', agent_id: 'a', archived: false, updated_at: '2026-11-21T00:00:00Z', summary: null },
        ],
      },
    ];
    const listed = await connection.listConversations('a');
    assert.deepEqual(
      listed.map(({ id, title }) => [id, title]),
      [
        ['new', null],
        ['old', 'Old'],
      ],
    );
  });

  test('every agent is listed, page after page', async () => {
    link.respond = (frame) => {
      const after = (frame['query'] as Row)['after'];
      const from = typeof after === 'string' ? Number(after) + 1 : 0;
      const agents = Array.from({ length: Math.min(100, 150 - from) }, (_, index) => ({
        id: String(from + index),
      }));
      return [{ type: 'agent_list_response', request_id: frame['request_id'], success: true, agents }];
    };
    assert.equal((await connection.listAgents()).length, 150);
  });

  test('a model that is not listed is refused before the server swallows it', async () => {
    link.respond = (frame) =>
      frame['type'] === 'list_models'
        ? [{ ...recorded('21-models', 'list_models_response'), request_id: frame['request_id'] }]
        : [{ type: 'update_model_response', request_id: frame['request_id'], success: true }];
    await assert.rejects(connection.setModel(REF, 'nope/none'), /no model/);
    await connection.setModel(REF, 'openai-compatible/stub-2');
    assert.deepEqual(link.last('update_model')['payload'], { model_handle: 'openai-compatible/stub-2' });
  });

  test('models of a provider that was just connected are waited for', async () => {
    let asked = 0;
    link.respond = (frame) => {
      const id = { request_id: frame['request_id'], success: true };
      if (frame['type'] === 'list_connect_providers') {
        return [{ ...recorded('32-providers-skills-misc', 'list_connect_providers_response'), ...id }];
      }
      if (frame['type'] !== 'list_models') return [{ type: `${String(frame['type'])}_response`, ...id }];
      asked++;
      if (asked < 3) return [{ type: 'list_models_response', entries: [], available_handles: [], ...id }];
      return [{ ...recorded('21-models', 'list_models_response'), ...id }];
    };
    await connection.connectProvider('openai-compatible', { baseUrl: 'http://127.0.0.1:1/v1' });
    const listing = connection.listModels();
    for (let turn = 0; turn < 3; turn++) {
      await settled();
      clock.advance(250);
    }
    const models = await listing;
    assert.equal(asked, 3);
    assert.ok(models.every((model) => model.isAvailable && model.contextWindow === 128000));
  });

  test('a key goes to the server and is not kept or logged', async () => {
    link.respond = (frame) => [
      {
        type: `${String(frame['type'])}_response`,
        request_id: frame['request_id'],
        success: true,
        providers: [],
      },
    ];
    await connection.connectProvider('anthropic', { apiKey: 'sk-canary' });
    assert.deepEqual(link.last('connect_provider')['fields'], { apiKey: 'sk-canary' });
    assert.ok(!JSON.stringify(logger.lines).includes('canary'));
  });

  test('another protocol version is refused politely', async () => {
    const other = new FakeLink();
    other.respond = (frame) => [
      {
        type: 'app_server_info_response',
        request_id: frame['request_id'],
        success: true,
        protocol_version: 2,
      },
    ];
    const ports = { link: other, clock, logger, clientVersion: '1', newId: () => 'x' };
    await assert.rejects(AppServerConnection.connect(ports), /does not know/);
    assert.ok(other.isDisposed);
    assert.equal(other.listenerCount, 0);
  });

  test('disposed: nothing waits, nothing listens', async () => {
    const listing = connection.listAgents();
    connection.dispose();
    await assert.rejects(listing, /closed/);
    assert.equal(clock.pending, 0);
    assert.equal(link.listenerCount, 0);
    assert.ok(link.isDisposed);
  });
});

/** Lets everything that waits for nothing but answers already given come to rest. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
