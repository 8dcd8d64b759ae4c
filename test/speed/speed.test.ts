import assert from 'node:assert/strict';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Frame } from 'playwright-core';
import type { Workbench } from '../../scripts/lib/workbench.ts';
import { assertTokens, Chat } from '../support/chat.ts';
import { VscodeUnderTest } from '../support/vscodeServer.ts';

const FIRST_TOKEN_LIMIT_MS = 5000;
const INTERACTIVE_LIMIT_MS = 500;
const LONG_TASK_MS = 50;
const FRAME_MS = 16;
/** The machine is shared: a limit on wall time may be missed once, not three times. */
const ATTEMPTS = 3;

interface Watched {
  /** Durations of tasks that this frame itself kept the thread with. */
  readonly longTasks: readonly number[];
  /** The host's clock at each update it posted. */
  readonly posts: readonly number[];
}

suite('speed, packaged, in a real VS Code', function () {
  this.timeout(120_000);
  let vscode: VscodeUnderTest;
  let window: Workbench;
  let chat: Chat;

  suiteSetup(async function () {
    this.timeout(120_000);
    vscode = await VscodeUnderTest.start({
      isNetworkOff: true,
      settings: { 'letta.demo.autoStart': true },
      env: { LETTA_DEMO_TEST: '1' },
    });
    window = await vscode.openWindow();
  });

  suiteTeardown(async () => {
    await vscode.dispose();
  });

  test(`the first token comes within ${String(FIRST_TOKEN_LIMIT_MS)} ms of a cold start`, async () => {
    // Nothing of ours runs yet: broker, runtime, demo model and first agent are all made now.
    chat = new Chat(await window.openChat());
    const began = Date.now();
    await chat.composer.fill('TEST N=4');
    await chat.composer.press('Enter');
    await chat.lastTurn.getByText('tok0').first().waitFor();
    const tookMs = Date.now() - began;
    console.log(`      first token ${String(tookMs)} ms after Enter, cold`);
    assert.ok(tookMs <= FIRST_TOKEN_LIMIT_MS, `${String(tookMs)} ms`);
    await chat.finished();
  });

  test(`the panel can be typed into within ${String(INTERACTIVE_LIMIT_MS)} ms, warm`, async () => {
    const times: number[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await window.runCommand('View: Show Explorer');
      const began = Date.now();
      await window.page.getByRole('tab', { name: 'Letta' }).first().click();
      chat = new Chat(await window.chatFrame('view'));
      times.push(Date.now() - began);
    }
    console.log(`      shown again after ${times.join(', ')} ms`);
    assert.ok(Math.min(...times) <= INTERACTIVE_LIMIT_MS, times.join(', '));
  });

  test('5 KB at 200 tokens/s behind 95 KB: one post a frame, no long task of the webview', async () => {
    const seen: string[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await window.runCommand('Letta: New Conversation');
      await chat.turns.first().waitFor({ state: 'detached' });
      await chat.send(`TEST SIZE=95 N=720 D=5 FIRST=10 try${String(attempt)}`);
      await chat.sees('tok0');
      const stop = await watch(chat.frame);
      const text = await chat.finished();
      const { longTasks, posts } = await stop();
      assertTokens(text, 720);
      const gaps = posts.slice(1).map((at, index) => at - (posts[index] ?? at));
      const tooSoon = gaps.filter((gap) => gap < FRAME_MS - 2);
      assert.deepEqual(tooSoon, [], 'posts within one frame');
      assert.ok(posts.length > 20, `${String(posts.length)} posts`);
      seen.push(`${String(posts.length)} posts, long tasks [${longTasks.join(', ')}] ms`);
      if (longTasks.length === 0) break;
    }
    console.log(`      ${seen.join('; ')}`);
    assert.match(seen.at(-1) ?? '', /\[\]/);
  });
});

async function watch(frame: Frame): Promise<() => Promise<Watched>> {
  await frame.evaluate((limitMs) => {
    const longTasks: number[] = [];
    const posts: number[] = [];
    Object.assign(globalThis, { lettaWatched: { longTasks, posts } });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        // The workbench shares the thread: only what this frame did itself counts.
        if (entry.name === 'self' && entry.duration > limitMs) longTasks.push(Math.round(entry.duration));
      }
    }).observe({ type: 'longtask' });
    window.addEventListener(
      'message',
      ({ data }: MessageEvent<{ readonly type?: unknown; readonly now?: number }>) => {
        if (data.type === 'update' && data.now !== undefined) posts.push(data.now);
      },
    );
  }, LONG_TASK_MS);
  return () =>
    frame.evaluate(() => (globalThis as unknown as { readonly lettaWatched: Watched }).lettaWatched);
}
