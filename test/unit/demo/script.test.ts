import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite, test } from 'mocha';
import { parseChatRequest, type ChatRequest } from '../../../src/demo/chatRequest.ts';
import { tokens, type Reply } from '../../../src/demo/reply.ts';
import { reply } from '../../../src/demo/script.ts';
import { TestDirectives } from '../../../src/demo/testDirectives.ts';
import { formatAttachment } from '../../../src/shared/attachmentText.ts';
import { DEMO_PROMPTS } from '../../../src/shared/demoPrompts.ts';

const TOOLS = [{ type: 'function', function: { name: 'Bash' } }];

suite('the scripted demo model', () => {
  test('quotes what a person wrote, without what Letta added', () => {
    const text = textOf(ask('<system-reminder>run error</system-reminder>', 'Hi there'));
    assert.match(text, /scripted demo model.*You wrote: “Hi there”/);
    assert.doesNotMatch(text, /reminder/);
  });

  test('quotes each attached selection, also where the parts come joined', () => {
    const attached = ['a.ts', 'b.py'].map((path, index) =>
      formatAttachment(
        { path, language: path.slice(2), lines: [1, 9], sizeBytes: 9, cutBytes: 0 },
        Array.from({ length: 9 }, (_, line) => `${path} ${String(line)} ${'`'.repeat(3 + index)}`).join('\n'),
      ),
    );
    for (const parts of [[...attached, 'Explain'], [`${attached.join('')}Explain`]]) {
      const text = textOf(ask(...parts));
      assert.match(text, /You attached a\.ts, lines 1–9/);
      assert.match(text, /You attached b\.py/);
      assert.match(text, /a\.ts 5 ```\n````\n\n… and 3 more lines/);
      assert.doesNotMatch(text, /a\.ts 6/);
      assert.match(text, /You wrote: “Explain”/);
    }
  });

  test('an attachment that speaks of errors and commands is not a prompt of the script', () => {
    const about = { path: 'error.ts', language: 'ts', lines: null, sizeBytes: 5, cutBytes: 0 };
    assert.equal(ask(formatAttachment(about, 'run edit error'), 'What is this?').refusal, null);
    assert.equal(
      ask('Please explain at length why the command that I run shows an error, and how to edit the file.')
        .refusal,
      null,
    );
  });

  test('knows its prompts', () => {
    assert.equal(ask('error').refusal?.status, 500);
    assert.equal(ask('Slow, please').firstTokenDelayMs, 3_000);
    assert.ok(ask('think').reasoning.length > 20);
    assert.deepEqual(calls(ask('Run a command')), ['Bash']);
    assert.deepEqual(calls(ask('edit something')), ['Write']);
    assert.match(
      textOf(ask('hello')),
      /`long`.*\n.*`command`.*\n.*`edit`.*\n.*`think`.*\n.*`remember`.*\n.*`drop`.*\n.*`slow`.*\n.*`error`/,
    );
  });

  test('the prompts that the panel offers do what they say', () => {
    assert.deepEqual(calls(ask(DEMO_PROMPTS.tool)), ['Bash']);
    assert.match(textOf(ask(DEMO_PROMPTS.long)), /# A long reply/);
    assert.deepEqual(ask(DEMO_PROMPTS.drop).fault, { kind: 'drop', afterTokens: 8 });
    assert.deepEqual(calls(ask(DEMO_PROMPTS.memory)), ['memory']);
  });

  test('the long reply is about 600 words at 60 tokens a second, with what Markdown has', () => {
    const long = ask('a long reply');
    const text = textOf(long);
    assert.ok(Math.abs(1000 / long.tokenDelayMs - 60) < 1);
    assert.ok(long.text.length > 550 && long.text.length < 900, String(long.text.length));
    for (const part of [/^# /m, /^## /m, /^- /m, /^1\. /m, /^\| --- /m, /^```ts$/m, /^> /m])
      assert.match(text, part);
  });

  test('edits the file that it wrote before', () => {
    const wrote = {
      role: 'assistant',
      tool_calls: [{ function: { name: 'Write', arguments: '{"file_path":"letta-demo.md"}' } }],
    };
    const request = parsed([user('edit'), wrote, { role: 'tool', content: 'ok' }, user('edit')]);
    assert.deepEqual(calls(reply(request)), ['Edit']);
  });

  test('without tools it says that it has none', () => {
    assert.deepEqual(calls(reply(parsed([user('command')], []))), []);
  });

  test('quotes the results of its tools, and not those of earlier turns', () => {
    const tool = { role: 'tool', content: 'total 8\nfile' };
    assert.match(textOf(reply(parsed([user('command'), tool]))), /```\ntotal 8\nfile\n```/);
    assert.doesNotMatch(textOf(reply(parsed([user('command'), tool, user('hello')]))), /total 8/);
  });

  test('a request to summarise gets a summary', () => {
    const system = { role: 'system', content: 'Summarize this conversation.' };
    assert.match(textOf(reply(parsed([system, user('one'), user('two')], []))), /one \| two/);
  });

  test('tokens are the text, cut', () => {
    fc.assert(fc.property(fc.string(), (text) => tokens(text).join('') === text));
  });

  test('what is not a request is null', () => {
    for (const body of ['', '{', '[]', '{}', '{"messages":3}'])
      assert.equal(parseChatRequest(body), null, body);
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue()),
        (messages) => parseChatRequest(JSON.stringify({ messages })) !== null,
      ),
    );
  });
});

suite('the directives for tests', () => {
  const test1 = (text: string): (Reply & { readonly promptTokens: number | null }) | null =>
    new TestDirectives().reply(parsed([user(text)]));

  test('steer a reply', () => {
    const steered = test1('TEST N=3 D=2 FIRST=9 REASON=2 USE=77 SIZE=2');
    assert.deepEqual(
      { ...steered, burst: steered?.burst.length },
      {
        refusal: null,
        firstTokenDelayMs: 9,
        tokenDelayMs: 2,
        burst: 2048,
        reasoning: ['think0 ', 'think1 '],
        text: ['tok0 ', 'tok1 ', 'tok2 '],
        toolCalls: [],
        finishReason: 'stop',
        fault: null,
        promptTokens: 77,
      },
    );
    assert.deepEqual(test1('TEST EMPTY')?.text, []);
    assert.equal(test1('TEST CUT')?.finishReason, 'length');
    assert.deepEqual(test1('TEST HANG')?.fault, { kind: 'silent', after: 'nothing' });
    assert.deepEqual(test1('TEST HANG=tokens')?.fault, { kind: 'silent', after: 'tokens' });
  });

  test('call tools, several at once, and then say what was asked', () => {
    const text = 'TEST CALL:Bash:{"command":"a; b"};; CALL:Read:{"file_path":"x"};; AFTER:Both done;;';
    assert.deepEqual(test1(text)?.toolCalls, [
      { name: 'Bash', arguments: '{"command":"a; b"}' },
      { name: 'Read', arguments: '{"file_path":"x"}' },
    ]);
    const after = new TestDirectives().reply(parsed([user(text), { role: 'tool', content: 'ok' }]));
    assert.equal(after?.text.join(''), 'Both done');
  });

  test('fail so many times for the same text', () => {
    const directives = new TestDirectives();
    const request = parsed([user('TEST ERR=503x2 DROP=4x1')]);
    const replies = [1, 2, 3].map(() => directives.reply(request));
    assert.deepEqual(
      replies.map((one) => one?.refusal?.status),
      [503, 503, undefined],
    );
    assert.deepEqual(
      replies.map((one) => one?.fault?.kind),
      ['drop', undefined, undefined],
    );
  });

  test('only with TEST in front', () => {
    assert.equal(test1('N=3 HANG'), null);
    assert.equal(test1('TESTING N=3'), null);
  });
});

function user(...parts: readonly string[]): object {
  return { role: 'user', content: parts.map((text) => ({ type: 'text', text })) };
}

function parsed(messages: readonly object[], tools: readonly object[] = TOOLS): ChatRequest {
  const request = parseChatRequest(JSON.stringify({ model: 'letta-demo', stream: true, messages, tools }));
  assert.ok(request !== null);
  return request;
}

function ask(...parts: readonly string[]): Reply {
  return reply(parsed([user(...parts)]));
}

function textOf(answer: Reply): string {
  return answer.text.join('');
}

function calls(answer: Reply): readonly string[] {
  return answer.toolCalls.map((one) => one.name);
}
