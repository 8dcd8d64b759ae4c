import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { suite, teardown, test } from 'mocha';
import type { Locator } from 'playwright-core';
import type { Workbench } from '../../scripts/lib/workbench.ts';
import { Chat } from '../support/chat.ts';
import { installFakeLetta } from '../support/fakeLettaCode.ts';
import { FakeOllama } from '../support/fakeOllama.ts';
import {
  FakeHttpServer,
  sendJson,
  streamReply,
  timesSaid,
  type AskedRequest,
} from '../support/fakeServer.ts';
import { recordIn, RuntimeClient } from '../support/runtimeClient.ts';
import { RuntimeFixture } from '../support/runtimeFixture.ts';
import { VscodeUnderTest, type VscodeUnderTestOptions } from '../support/vscodeServer.ts';

const QUESTION = 'Why does the upload retry forever?';
/** Nobody listens there. */
const NOBODY = 'http://127.0.0.1:9';
const NO_SERVERS = { 'letta.ollama.url': NOBODY, 'letta.lmStudio.url': NOBODY, 'letta.llamaCpp.url': NOBODY };

/** Six new people. Each types first, and ends in a streaming reply or a named fix. */
suite('the first minute, packaged', function () {
  this.timeout(120_000);
  const cleanups: (() => Promise<unknown>)[] = [];
  let window: Workbench;
  let chat: Chat;

  teardown(async function () {
    if (this.currentTest?.state === 'failed') {
      await window.page.screenshot({
        path: join('screenshots', `failed-${this.currentTest.title.slice(0, 40)}.png`),
      });
    }
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  /** A new person's VS Code; the question is typed and sent before anything else is looked at. */
  async function newPerson(options: VscodeUnderTestOptions): Promise<void> {
    const vscode = await VscodeUnderTest.start(options);
    cleanups.push(() => vscode.dispose());
    const opened = await vscode.openChat();
    window = opened.window;
    chat = new Chat(opened.chat);
    await chat.send(QUESTION);
    await chat.frame.getByText('Kept until you choose').waitFor();
  }

  function row(name: string | RegExp): Locator {
    return chat.frame.getByRole('listitem').getByRole('button', { name });
  }

  function dialog(): Locator {
    return window.page.getByRole('dialog');
  }

  async function ollama(model: {
    readonly isLoaded?: boolean;
    readonly numCtx?: number;
  }): Promise<FakeOllama> {
    const fake = await FakeOllama.start([
      { name: 'qwen3:8b', ...model },
      { name: 'nomic-embed-text:latest', capabilities: ['embedding'] },
    ]);
    cleanups.push(() => fake.http.close());
    return fake;
  }

  /** The question was answered; and after one more turn it still stands there only once. */
  async function answeredOnce(words: string): Promise<void> {
    assert.match(await chat.finished(60_000), new RegExp(words));
    await chat.send('Thanks.');
    await chat.turns.filter({ hasText: 'Thanks.' }).waitFor();
    await chat.finished();
    assert.equal(await chat.turns.count(), 2);
    assert.equal(await chat.log.getByText(QUESTION, { exact: true }).count(), 1);
  }

  /** The model got both turns, the last with the whole conversation in it, where the question stands once. */
  function assertAskedOnce(chats: readonly AskedRequest[]): void {
    assert.equal(chats.length, 2);
    assert.equal(timesSaid(chats, QUESTION), 1);
  }

  test('nothing installed: the demo answers, and offers four things to try', async () => {
    await newPerson({ settings: NO_SERVERS, isNetworkOff: true });
    await row(/Look again.*do not answer here/).waitFor();
    await row(/^Try the scripted demo/).click();
    await answeredOnce('You wrote: “Why does the upload retry forever\\?”');
    await window.runCommand('Letta: New Conversation');
    chat = new Chat(await window.openChat());
    const tries = chat.frame.getByRole('list', { name: 'Try one of these' });
    assert.equal(await tries.getByRole('button').count(), 4);
    await tries.getByRole('button', { name: 'A tool that waits for your approval' }).click();
    await chat.approval.getByRole('button', { name: 'Allow', exact: true }).click();
    assert.match(await chat.finished(), /The tool answered/);
    await window.runCommand('Letta: New Conversation');
    await tries.getByRole('button', { name: 'A connection that drops' }).click();
    assert.match(await chat.finished(), /This is the second try/);
    await window.runCommand('Letta: New Conversation');
    await tries.getByRole('button', { name: 'Something to remember' }).click();
    await chat.tool('memory', 'done').waitFor();
  });

  test('Ollama that serves 4,096 tokens: loaded, seen, copied without a download, and it streams', async () => {
    const fake = await ollama({});
    await newPerson({ settings: { ...NO_SERVERS, 'letta.ollama.url': fake.http.origin } });
    assert.equal(await row(/nomic/).count(), 0, 'what only embeds is hidden');
    await row(/qwen3:8b.*Not loaded yet/).click();
    await row(/qwen3:8b.*4,096 of 20,000 tokens needed.*Make a 32k copy/).click();
    await answeredOnce('Because the retry never gives up\\.');
    assert.equal(fake.http.to('/api/create').length, 1);
    assert.equal(Reflect.get(Object(fake.chats[0]?.body), 'model'), 'qwen3:8b-32k');
    assertAskedOnce(fake.chats);
    await chat.frame.getByRole('button', { name: /Model: qwen3:8b-32k/ }).waitFor();
  });

  test('Ollama that cannot make the copy: the reason stands there', async () => {
    const fake = await ollama({ isLoaded: true });
    fake.createError = 'no space left on device';
    await newPerson({ settings: { ...NO_SERVERS, 'letta.ollama.url': fake.http.origin } });
    await row(/4,096 of 20,000 tokens needed/).click();
    await row(/Did not work.*no space left on device/).waitFor();
    fake.createError = null;
    await row(/no space left on device/).click();
    await answeredOnce('Because the retry never gives up\\.');
    assertAskedOnce(fake.chats);
  });

  test('from the demo to a real model: an agent of its own, in a new conversation', async () => {
    const fake = await ollama({ isLoaded: true });
    await newPerson({ settings: { ...NO_SERVERS, 'letta.ollama.url': fake.http.origin } });
    await row(/^Try the scripted demo/).click();
    await answeredOnce('You wrote: “Why does');
    assert.equal(fake.chats.length, 0);
    await chat.frame.getByRole('button', { name: 'Connect a real model' }).click();
    await window.pick('Ollama · qwen3:8b');
    await chat.turns.first().waitFor({ state: 'detached' });
    assert.match(await chat.sendAndFinish('And now?'), /Because the retry never gives up\./);
    assert.equal(timesSaid(fake.chats, 'And now?'), 1);
    assert.equal(timesSaid(fake.chats, QUESTION), 0);
    assert.equal(await chat.frame.getByRole('button', { name: 'Connect a real model' }).count(), 0);
  });

  test('Ollama that serves 32,768 tokens is Ready', async () => {
    const fake = await ollama({ numCtx: 32_768 });
    await newPerson({ settings: { ...NO_SERVERS, 'letta.ollama.url': fake.http.origin } });
    await row(/qwen3:8b.*Ready.*32,768 tokens/).click();
    await answeredOnce('Because the retry never gives up\\.');
    assert.equal(fake.http.to('/api/create').length, 0);
    assertAskedOnce(fake.chats);
  });

  test('a key in the environment: used after a yes that says where text goes, checked before the first turn', async () => {
    const KEY = 'sk-or-v1-0123456789abcdef';
    let isGood = false;
    const provider = await FakeHttpServer.start(({ path, headers, body }, response) => {
      if (headers['authorization'] !== `Bearer ${KEY}` || !isGood)
        sendJson(response, { error: { message: 'User not found.', code: 401 } }, 401);
      else if (path === '/api/v1/key')
        sendJson(response, { data: { label: 'sk-or-v1-012...def', limit: null } });
      else if (path === '/api/v1/chat/completions')
        streamReply(response, String(Reflect.get(Object(body), 'model')), 'Because nobody stops it.');
      else sendJson(response, { data: [] });
    });
    cleanups.push(() => provider.close());
    const env = { OPENROUTER_API_KEY: KEY, OPENROUTER_BASE_URL: `${provider.origin}/api/v1` };
    await newPerson({ settings: NO_SERVERS, env });
    const found = row(/Found OPENROUTER_API_KEY in the environment/);
    await found.click();
    await dialog()
      .getByText(`Messages and the files you attach go to ${new URL(provider.origin).host}.`)
      .waitFor();
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    assert.equal(provider.asked.length, 0, 'without a yes the key goes nowhere');

    await found.click();
    await dialog().getByRole('button', { name: 'Use OPENROUTER_API_KEY' }).click();
    await window.page
      .getByText(`The key was refused by ${new URL(provider.origin).host}.`)
      .first()
      .waitFor();
    isGood = true;
    await found.click();
    await dialog().getByRole('button', { name: 'Use OPENROUTER_API_KEY' }).click();
    await window.page.locator('.quick-input-widget .quick-input-box input').fill('openrouter/qwen');
    await window.page.getByRole('option').first().click();
    await answeredOnce('Because nobody stops it\\.');
    const chats = provider.to('/api/v1/chat/completions');
    assertAskedOnce(chats);
    assert.ok(!(await chat.frame.content()).includes(KEY), 'the key is not in the page');
  });

  test('a typed key that is wrong: who refused it is said, and it is asked for again', async () => {
    const provider = await FakeHttpServer.start(({ path, headers }, response) => {
      if (headers['authorization'] !== 'Bearer right-key')
        sendJson(response, { error: { message: 'Incorrect API key provided.' } }, 401);
      else if (path === '/v1/models')
        sendJson(response, { object: 'list', data: [{ id: 'stub-1', object: 'model' }] });
      else streamReply(response, 'stub-1', 'Because nobody stops it.');
    });
    cleanups.push(() => provider.close());
    await newPerson({ settings: NO_SERVERS });
    await row(/^Connect a model provider/).click();
    const options = window.page.locator('.quick-input-widget').getByRole('option');
    await options.nth(3).waitFor();
    const first = (await options.allInnerTexts()).slice(0, 4).join(' ');
    assert.match(first, /Anthropic[^]*OpenAI[^]*Google Gemini[^]*OpenRouter/, 'the common ones first');
    await window.page.locator('.quick-input-widget .quick-input-box input').fill('OpenAI-comp');
    await window.pick('OpenAI-compatible API');
    for (const key of ['wrong-key', 'right-key']) {
      if (key === 'right-key')
        await window.page.getByText(`The key was refused by ${new URL(provider.origin).host}.`).waitFor();
      await window.page
        .getByText(/API key/i)
        .first()
        .waitFor();
      await window.answer(key);
      await window.page.getByText(/URL/i).first().waitFor();
      await window.answer(`${provider.origin}/v1`);
    }
    await window.pick('stub-1');
    await answeredOnce('Because nobody stops it\\.');
    assertAskedOnce(provider.to('/v1/chat/completions'));
  });

  test('agents of an installed Letta Code: used by that letta, after the warning', async () => {
    const model = await FakeHttpServer.start(({ path }, response) => {
      if (path === '/v1/models')
        sendJson(response, { object: 'list', data: [{ id: 'stub-1', object: 'model' }] });
      else streamReply(response, 'stub-1', 'I remember you.');
    });
    cleanups.push(() => model.close());
    const home = await mkdtemp(join(tmpdir(), 'letta-home-'));
    cleanups.push(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
    const bin = join(home, 'bin');
    const path = await installFakeLetta(bin);
    await agentsOfInstalled(path, join(home, '.letta', 'lc-local-backend'), model.origin, ['Ada', 'Bob']);
    // VS Code takes PATH from the person's shell.
    for (const file of ['.profile', '.bash_profile', '.bashrc'])
      await writeFile(join(home, file), `export PATH='${bin}':"$PATH"\n`);
    await newPerson({
      settings: NO_SERVERS,
      home,
      env: { PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
    });
    await row(/^Your Letta Code: (Ada|Bob) and 1 more.*Use them/).click();
    await dialog()
      .getByText(/do not see each other’s turns/)
      .waitFor();
    await dialog().getByRole('button', { name: 'Use Them' }).click();
    await row(/^Ada/).click({ timeout: 60_000 });
    await answeredOnce('I remember you\\.');
    await chat.frame.getByRole('button', { name: 'Agent: Ada. Switch agent' }).waitFor();
    const chats = model.to('/v1/chat/completions');
    assertAskedOnce(chats);
    assert.match(await readFile(join(bin, 'calls'), 'utf8'), /server --backend local --listen/);
  });

  test('a wrong address is told apart in words, and the text stays', async () => {
    const website = await FakeHttpServer.start((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!doctype html><title>A router</title>');
    });
    cleanups.push(() => website.close());
    const api = await FakeHttpServer.start(({ path }, response) => {
      if (path === '/v1/health/') sendJson(response, { version: '0.16.7', status: 'ok' });
      else sendJson(response, { detail: 'Not Found' }, 404);
    });
    cleanups.push(() => api.close());
    await newPerson({ settings: NO_SERVERS });
    const gone = await FakeHttpServer.start(() => undefined);
    await gone.close();
    await row(/^Connect to a server/).click();
    for (const [address, problem] of [
      [`127.0.0.1:${String(gone.port)}`, `Nothing answers at 127.0.0.1:${String(gone.port)}.`],
      ['letta.invalid', 'There is no computer called letta.invalid.'],
      [`localhost:${String(website.port)}`, 'answers with a web page, so it is not a Letta server.'],
      [`https://127.0.0.1:${String(website.port)}`, 'There is no secure way to'],
      [api.origin, 'A Letta API server (version 0.16.7)'],
    ] as const) {
      await window.answer(address);
      await window.page.locator('.quick-input-widget').getByText(problem).waitFor();
    }
    await window.page.keyboard.press('Escape');
    await chat.frame.getByText('Kept until you choose').waitFor();
    await row(/^Try the scripted demo/).click();
    await answeredOnce('You wrote: “Why does');
  });
});

/** Agents made by a real Letta Code in its own folder, with a model that answers. */
async function agentsOfInstalled(
  path: string,
  backendDir: string,
  modelOrigin: string,
  names: readonly string[],
): Promise<void> {
  await mkdir(backendDir, { recursive: true });
  const fixture = await RuntimeFixture.create();
  try {
    const link = await fixture.connect({ otherLetta: { path, backendDir } });
    const client = new RuntimeClient(link);
    await client.request({
      type: 'connect_provider',
      target: 'local',
      provider_id: 'openai-compatible',
      fields: { baseUrl: `${modelOrigin}/v1` },
    });
    for (const name of names) {
      const started = await client.request({
        type: 'runtime_start',
        create_agent: { body: { name, model: 'openai-compatible/stub-1' }, pin_global: false },
        create_conversation: { body: {} },
        cwd: fixture.workspace,
        mode: 'standard',
      });
      recordIn(started, 'runtime');
    }
    assert.equal((await readdir(join(backendDir, 'agents'))).length, names.length);
  } finally {
    await fixture.dispose();
  }
}
