import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, suiteSetup, suiteTeardown, teardown, test } from 'mocha';
import type { Workbench } from '../../scripts/lib/workbench.ts';
import { Chat } from '../support/chat.ts';
import { FakeHttpServer, sendJson, streamReply } from '../support/fakeServer.ts';
import { ForeignServer } from '../support/foreignServer.ts';
import { recordIn, RuntimeClient } from '../support/runtimeClient.ts';
import { runtimeAssets, RuntimeFixture } from '../support/runtimeFixture.ts';
import { VscodeUnderTest } from '../support/vscodeServer.ts';

const NOBODY = 'http://127.0.0.1:9';
const NO_SERVERS = { 'letta.ollama.url': NOBODY, 'letta.lmStudio.url': NOBODY, 'letta.llamaCpp.url': NOBODY };

suite('a server that somebody else runs, packaged', function () {
  this.timeout(120_000);
  let root: string;
  let model: FakeHttpServer;
  let server: ForeignServer;
  let vscode: VscodeUnderTest;
  let window: Workbench;
  let chat: Chat;

  suiteSetup(async () => {
    root = await mkdtemp(join(tmpdir(), 'letta-foreign-'));
    model = await FakeHttpServer.start(({ path }, response) => {
      if (path === '/v1/models')
        sendJson(response, { object: 'list', data: [{ id: 'stub-1', object: 'model' }] });
      else streamReply(response, 'stub-1', 'Greetings from elsewhere.');
    });
    server = new ForeignServer(await runtimeAssets(), root);
    await server.start();
    await makeAgent(server, `${model.origin}/v1`);
    vscode = await VscodeUnderTest.start({ settings: NO_SERVERS });
    const opened = await vscode.openChat();
    window = opened.window;
    chat = new Chat(opened.chat);
  });

  teardown(async function () {
    if (this.currentTest?.state === 'failed') {
      const path = join('screenshots', `failed-${this.currentTest.title.slice(0, 40)}.png`);
      await window.page.screenshot({ path });
    }
  });

  suiteTeardown(async () => {
    await vscode.dispose();
    await server.kill();
    await model.close();
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  });

  test('its address, then its token where it asks for one, and the question that was typed first is answered', async () => {
    await chat.send('Who is there?');
    await chat.frame.getByRole('button', { name: /^Connect to a server/ }).click();
    await window.answer(new URL(server.url).host);
    const input = window.page.locator('.quick-input-widget input[type="password"]');
    await input.fill('wrong-token');
    await input.press('Enter');
    await window.page
      .locator('.quick-input-widget')
      .getByText(/refused|not accepted|wrong/i)
      .first()
      .waitFor();
    await input.fill(server.token);
    await input.press('Enter');
    await chat.sees('Greetings from elsewhere.');
    await chat.frame.getByRole('button', { name: /^Agent: Elsewhere/ }).waitFor();
  });

  test('it ends and comes back: said, and the chat goes on', async () => {
    await server.kill();
    await chat.frame
      .getByText(/again|Reconnecting/)
      .first()
      .waitFor();
    await server.start();
    await chat.composer.fill('Back?');
    await chat.composer.press('Enter');
    await chat.turns.filter({ hasText: 'Back?' }).getByText('Greetings from elsewhere.').waitFor();
  });
});

/** An agent on that server, made by another window than the one under test. */
async function makeAgent(server: ForeignServer, baseUrl: string): Promise<void> {
  const fixture = await RuntimeFixture.create();
  try {
    const client = new RuntimeClient(await fixture.connectTo(server.url, server.token));
    const provider_id = 'openai-compatible';
    await client.request({ type: 'connect_provider', target: 'local', provider_id, fields: { baseUrl } });
    const started = await client.request({
      type: 'runtime_start',
      create_agent: { body: { name: 'Elsewhere', model: 'openai-compatible/stub-1' }, pin_global: false },
      create_conversation: { body: {} },
      cwd: fixture.workspace,
      mode: 'standard',
    });
    recordIn(started, 'runtime');
  } finally {
    await fixture.dispose();
  }
}
