import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { decodeFrame } from '../../../src/server/appServer/decode.ts';
import { decodeHistory } from '../../../src/server/appServer/decodeHistory.ts';
import { describeFailure } from '../../../src/server/appServer/failureText.ts';
import { userContent } from '../../../src/server/appServer/messageContent.ts';
import { formatAttachment } from '../../../src/shared/attachmentText.ts';

const runtime = { agent_id: 'a', conversation_id: 'c' };
const delta = (fields: object, frame: object = {}): ReturnType<typeof decodeFrame> =>
  decodeFrame({ type: 'stream_delta', runtime, event_seq: 7, delta: fields, ...frame });

suite('decoding frames', () => {
  test('content may be a string or parts', () => {
    for (const content of [
      'hi',
      [
        { type: 'text', text: 'h' },
        { type: 'text', text: 'i' },
      ],
    ]) {
      const { events, ref } = delta({
        message_type: 'assistant_message',
        id: 't',
        content,
        run_id: 'r',
        seq_id: 3,
      });
      assert.deepEqual(ref, { agentId: 'a', conversationId: 'c' });
      assert.deepEqual(events, [
        { type: 'textDelta', partId: 't', text: 'hi', order: { runId: 'r', seq: 3 } },
      ]);
    }
  });

  test("a subagent's stream is not the parent's text", () => {
    const said = { message_type: 'assistant_message', id: 't', content: 'hi' };
    assert.deepEqual(delta(said, { subagent_id: 's' }).events, []);
    assert.deepEqual(delta({ ...said, subagent_id: 's' }).events, []);
  });

  test('what is not known is kept, what is known and of no interest is not', () => {
    const [unknown] = decodeFrame({ type: 'brand_new', runtime, x: 1 }).events;
    assert.ok(unknown?.type === 'unknown' && unknown.name === 'brand_new' && unknown.json.includes('"x":1'));
    const [strange] = delta({ message_type: 'telepathy' }).events;
    assert.ok(strange?.type === 'unknown' && strange.name === 'telepathy');
    for (const type of ['terminal_output', 'input_accepted', 'read_file_response', 'skills_updated']) {
      assert.deepEqual(decodeFrame({ type, runtime }).events, [], type);
    }
    assert.equal(decodeFrame([]).isMalformed, true);
    assert.equal(decodeFrame({ type: 5 }).isMalformed, true);
  });

  test('snapshots and the final result of a call are told apart', () => {
    const back = {
      message_type: 'tool_return_message',
      tool_call_id: 'x',
      status: 'success',
      tool_return: 'out',
    };
    assert.equal(delta({ ...back, id: 'synthetic-tool-return-stream-x' }).events[0]?.type, 'toolOutput');
    const two = [
      { tool_call_id: 'x', status: 'success', tool_return: 'a' },
      { tool_call_id: 'y', status: 'error', tool_return: [{ type: 'text', text: 'b' }] },
    ];
    assert.deepEqual(delta({ ...back, id: 'other', tool_returns: two }).events, [
      { type: 'toolReturned', callId: 'x', isError: false, output: 'a' },
      { type: 'toolReturned', callId: 'y', isError: true, output: 'b' },
    ]);
  });

  test('arguments that are an object are whole, others are pieces', () => {
    const call = (args: string): unknown =>
      delta({
        message_type: 'tool_call_message',
        tool_calls: [{ tool_call_id: 'x', name: 'B', arguments: args }],
      }).events[0];
    assert.ok((call('{"a":1}') as { isWhole: boolean }).isWhole);
    assert.ok(!(call('{"a"') as { isWhole: boolean }).isWhole);
    assert.ok(!(call('1') as { isWhole: boolean }).isWhole);
  });

  test('a diff names the file that will be written, or why it cannot be shown', () => {
    const request = (diff: object): unknown =>
      decodeFrame({
        type: 'control_request',
        request_id: 'p',
        runtime,
        request: {
          subtype: 'can_use_tool',
          tool_name: 'Write',
          tool_call_id: 'x',
          input: { file_path: '/w/src/a.ts' },
          diffs: [diff],
        },
      }).events[0];
    const shown = request({
      mode: 'advanced',
      fileName: 'a.ts',
      hunks: [{ oldStart: 1, newStart: 1, lines: [] }],
    });
    assert.ok(JSON.stringify(shown).includes('"path":"/w/src/a.ts"'));
    const hidden = request({ mode: 'unpreviewable', fileName: 'a.ts', reason: 'File not readable' });
    assert.ok(JSON.stringify(hidden).includes('"unpreviewable":"File not readable"'));
  });

  test('a question of a kind we do not know is not answered for the person', () => {
    const frame = { type: 'control_request', request_id: 'p', runtime, request: { subtype: 'can_dream' } };
    assert.equal(decodeFrame(frame).events[0]?.type, 'unknown');
  });

  test('the queue shows what the person wrote, not what the server queues for itself', () => {
    const queue = [
      { id: 'q-1', client_message_id: 'c1', kind: 'message', content: 'hello', paused: true },
      { id: 'q-2', client_message_id: 'c2', kind: 'task_notification', content: '<task-notification>' },
    ];
    const [event] = decodeFrame({ type: 'update_queue', runtime, queue, removed: [] }).events;
    assert.ok(event?.type === 'queueChanged');
    assert.deepEqual(event.items, [{ itemId: 'q-1', clientId: 'c1', text: 'hello', isPaused: true }]);
  });

  test('states that are not known become rows, not wrong states', () => {
    const loop = { type: 'update_loop_status', runtime, loop_status: { status: 'DREAMING' } };
    assert.equal(decodeFrame(loop).events[0]?.type, 'unknown');
    const status = { current_permission_mode: 'yolo', is_processing: true };
    const [device] = decodeFrame({ type: 'update_device_status', runtime, device_status: status }).events;
    assert.ok(device?.type === 'deviceChanged' && device.mode === null && device.isProcessing);
  });

  test('subagents that run are counted', () => {
    const subagents = [{ status: 'running' }, { status: 'completed' }, { status: 'pending' }];
    const [event] = decodeFrame({ type: 'update_subagent_state', runtime, subagents }).events;
    assert.deepEqual(event, { type: 'subagentsChanged', running: 2 });
  });
});

suite('what a person wrote', () => {
  test('reminders of the server are taken out, and nothing is left of a message of reminders', () => {
    const reminder = '<system-reminder>\nsecret\n</system-reminder>';
    assert.equal(
      userContent([
        { type: 'text', text: reminder },
        { type: 'text', text: 'hello' },
      ])?.text,
      'hello',
    );
    assert.equal(userContent(`${reminder}\nhello`)?.text, 'hello');
    assert.equal(userContent(reminder), null);
    assert.equal(userContent('<system-reminder> cut off'), null);
  });

  test('attachments come back from their blocks', () => {
    const attachment = {
      path: 'a.ts',
      language: 'typescript',
      lines: [1, 2],
      sizeBytes: 3,
      cutBytes: 0,
    } as const;
    const content = [
      { type: 'text', text: formatAttachment(attachment, 'x\n') },
      { type: 'text', text: 'why?' },
    ];
    assert.deepEqual(userContent(content), { text: 'why?', attachments: [attachment], origin: 'person' });
  });

  test('a background task that reports is not the person', () => {
    const text =
      '<task-notification>\n<status>completed</status>\n<summary>Build done</summary>\n</task-notification>';
    assert.deepEqual(userContent(text), { text: 'Build done', attachments: [], origin: 'system' });
    assert.equal(userContent('<task-notification></task-notification>')?.origin, 'system');
  });
});

suite('what went wrong', () => {
  const cases = [
    [
      '401: {"message":"Incorrect API key provided","code":null}',
      'Incorrect API key provided (401)',
      'unauthorised',
    ],
    ['429: {"error":{"message":"slow down"}}', 'slow down (429)', 'rateLimited'],
    ['400: {"message":"context_length_exceeded"}', 'context_length_exceeded (400)', 'contextOverflow'],
    ['500: oops', 'oops (500)', 'modelError'],
    ['terminated', 'The connection to the model broke off (terminated).', 'modelUnreachable'],
    ['{"error":{"error":{"message":"503: {\\"message\\":\\"busy\\"}"}}}', 'busy (503)', 'modelError'],
    ['{"nothing":"here"}', 'The server gave no readable reason.', 'modelError'],
    ['', '', 'modelError'],
  ] as const;
  for (const [raw, message, reason] of cases) {
    test(`${raw.slice(0, 40)} is said as "${message}"`, () => {
      assert.deepEqual(describeFailure(raw, true), { message, reason });
    });
  }

  test('very long and very deep errors stay short', () => {
    assert.ok(describeFailure('x'.repeat(100_000), false).message.length < 700);
    assert.ok(describeFailure('{"error":'.repeat(500), false).message.length < 700);
  });
});

suite('decoding history', () => {
  test('oldest first, with a cursor only where there is more', () => {
    const messages = [
      { message_type: 'assistant_message', id: 't', content: 'x', date: '2026-11-21T00:00:00Z' },
      { message_type: 'user_message', id: 'm', otid: 'c', content: 'hi' },
    ];
    const reply = { type: 'conversation_messages_list_response', success: true, messages, next_before: 'm' };
    const page = decodeHistory({ ...reply, has_more: true });
    assert.ok(page !== null);
    assert.deepEqual(
      page.messages.map((message) => message.kind),
      ['user', 'text'],
    );
    assert.equal(page.messages[1]?.at, Date.UTC(2026, 10, 21));
    assert.equal(page.before, 'm');
    assert.equal(decodeHistory({ ...reply, has_more: false })?.before, null);
    assert.equal(decodeHistory({ ...reply, success: false }), null);
    assert.equal(decodeHistory({ type: 'other' }), null);
  });

  test('a kind of message that is not known is kept', () => {
    const messages = [
      { message_type: 'poem', id: 'p' },
      { message_type: 'system_message', id: 's' },
    ];
    const page = decodeHistory({ type: 'conversation_messages_list_response', messages });
    assert.deepEqual(
      page?.messages.map((message) => message.kind),
      ['unknown'],
    );
  });
});
