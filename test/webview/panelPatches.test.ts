import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Browser } from 'playwright-core';
import type { TranscriptPatch } from '../../src/shared/patch.ts';
import { applyPatch } from '../../src/shared/patch.ts';
import { EMPTY_TRANSCRIPT, type Part, type Transcript } from '../../src/shared/transcript.ts';
import { PROTOCOL_VERSION } from '../../src/shared/protocol.ts';
import { launchBrowser } from '../support/browser.ts';
import { buildPanel, PanelHarness } from '../support/panelHarness.ts';
import {
  asking,
  busy,
  notice,
  NOW,
  READY,
  running,
  showing,
  text,
  thought,
  tool,
  turn,
  user,
} from '../support/panelParts.ts';

/** A number that picks what to do; resolved against the transcript as it is then. */
const STEP = fc.record({
  what: fc.nat({ max: 8 }),
  where: fc.nat({ max: 1000 }),
  words: fc.string({ minLength: 1, maxLength: 12 }),
});
type Step = typeof STEP extends fc.Arbitrary<infer T> ? T : never;

const MAKE: readonly ((id: string, words: string) => Part)[] = [
  text,
  (id, words) => thought(id, words, 3),
  (id, words) => tool(id, 'Bash', { command: words }, { output: words }),
  (id) => tool(id, 'Read', { file_path: `${id}.ts` }),
  (id) => asking(id, 'Bash', { command: 'ls' }),
  (id, words) => notice(id, { level: 'warning', text: words, actions: ['retry'] }),
  user,
];

function patchOf(transcript: Transcript, step: Step, id: string): TranscriptPatch | null {
  const { turns } = transcript;
  const at = turns[step.where % Math.max(1, turns.length)];
  const part = at?.parts[step.where % Math.max(1, at.parts.length)];
  switch (step.what) {
    case 0:
      return {
        op: 'addTurn',
        turn: running(id, [user(`${id}u`, step.words)]),
        beforeId: step.where % 3 === 0 ? (at?.id ?? null) : null,
      };
    case 1:
      return at === undefined || turns.length < 2 ? null : { op: 'removeTurn', turnId: at.id };
    case 2:
      return at === undefined
        ? null
        : { op: 'setTurn', turnId: at.id, state: 'ended', outcome: { kind: 'completed' } };
    case 3:
      return {
        op: 'prepend',
        turns: [turn(id, [user(`${id}u`, step.words), text(`${id}x`, step.words)])],
        hasOlder: false,
      };
    case 4:
      return part === undefined || at === undefined || at.parts.length < 2
        ? null
        : { op: 'removePart', turnId: at.id, partId: part.id };
    case 5:
      if (at === undefined || part?.kind !== 'tool') return null;
      return { op: 'setPart', turnId: at.id, part: { ...part, state: 'failed', output: step.words } };
    case 6: {
      const growing = at?.parts.find((other) => other.kind === 'text');
      if (at === undefined || growing?.kind !== 'text') return null;
      return {
        op: 'append',
        turnId: at.id,
        partId: growing.id,
        offset: growing.text.length,
        text: step.words,
      };
    }
    default: {
      const make = MAKE[step.where % MAKE.length];
      if (at === undefined || make === undefined) return null;
      return {
        op: 'addPart',
        turnId: at.id,
        part: make(id, step.words),
        beforeId: step.where % 4 === 0 ? (part?.id ?? null) : null,
      };
    }
  }
}

/** What can be seen and heard of the panel, without what a click or a scroll left. */
const SHOWN = (): string => {
  const lines: string[] = [];
  for (const element of document.querySelectorAll('.log *, .dock *, .empty *')) {
    if (element.closest('.pill') !== null) continue;
    const own = [...element.childNodes]
      .filter((node) => node.nodeType === Node.TEXT_NODE)
      .map((node) => node.textContent)
      .join('|');
    lines.push(
      [
        element.tagName,
        element.getAttribute('class')?.replace('md-closed', ''),
        element.getAttribute('role'),
        element.getAttribute('aria-label'),
        element.getAttribute('aria-busy'),
        own,
      ].join(' '),
    );
  }
  return lines.join('\n');
};

suite('panel: patches', () => {
  let browser: Browser;
  let files: ReadonlyMap<string, Uint8Array>;
  suiteSetup(async () => {
    [browser, files] = await Promise.all([launchBrowser(), buildPanel()]);
  });
  suiteTeardown(async () => {
    await browser.close();
  });

  test('any patches leave what a fresh snapshot shows', async () => {
    const patched = await PanelHarness.open(browser, files, { state: READY });
    const fresh = await PanelHarness.open(browser, files, { state: READY });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(STEP, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 }),
        async (batches) => {
          runs++;
          await patched.snapshot({ ...READY, key: `k${String(runs)}`, transcript: EMPTY_TRANSCRIPT });
          for (const [index, batch] of batches.entries()) {
            let transcript = patched.state.transcript;
            const patches: TranscriptPatch[] = [];
            for (const [position, step] of batch.entries()) {
              const patch = patchOf(transcript, step, `${String(index)}-${String(position)}`);
              if (patch === null) continue;
              transcript = applyPatch(transcript, patch);
              patches.push(patch);
            }
            await patched.update(patches);
          }
          const key = `f${String(runs)}`;
          await fresh.snapshot({ ...patched.state, key });
          await fresh.settled();
          assert.equal(await patched.page.evaluate(SHOWN), await fresh.page.evaluate(SHOWN));
        },
      ),
      { numRuns: 40 },
    );
    assert.deepEqual([...patched.complaints, ...fresh.complaints], []);
    await patched.close();
    await fresh.close();
  }).timeout(120_000);

  test('a lost update is noticed: a resync, nothing wrong shown meanwhile, then all of it', async () => {
    const panel = await PanelHarness.open(browser, files, {
      state: { ...READY, ...showing(running('t', [user('u', 'Hi'), text('x', 'one')])) },
    });
    panel.answersReady = false;
    // What comes after it would fit: only the number tells that something is missing.
    const missing = notice('n', { text: 'said in between' });
    panel.lose([{ op: 'addPart', turnId: 't', part: missing, beforeId: 'x' }]);
    const resync = panel.next((message) => message.type === 'resync');
    for (const offset of [3, 9]) {
      const patch = { op: 'append', turnId: 't', partId: 'x', offset, text: ' three' } as const;
      const seq = panel.seq + 1;
      panel.lose([patch]);
      await panel.post({ type: 'update', seq, now: NOW, patches: [patch], fields: {} });
    }
    await resync;
    assert.equal(panel.said('resync').length, 1);
    assert.equal(await panel.page.locator('.md').textContent(), 'one');
    await panel.snapshot();
    await panel.settled();
    assert.equal(await panel.page.locator('.md').textContent(), 'one three three');
    await panel.page.getByText('said in between').waitFor();
    await panel.close();
  });

  test('a patch that does not fit changes nothing and asks for a snapshot; a doubled update is ignored', async () => {
    const panel = await PanelHarness.open(browser, files, {
      state: { ...READY, ...showing(running('t', [user('u', 'Hi'), text('x', 'one')])) },
    });
    const patches = [{ op: 'append', turnId: 't', partId: 'x', offset: 3, text: ' two' }] as const;
    await panel.update(patches);
    await panel.post({ type: 'update', seq: panel.seq, now: NOW, patches, fields: {} });
    await panel.heard();
    assert.deepEqual(panel.said('resync'), []);
    assert.equal(await panel.page.locator('.md').textContent(), 'one two');
    panel.answersReady = false;
    await panel.post({
      type: 'update',
      seq: panel.seq + 1,
      now: NOW,
      patches: [
        { op: 'append', turnId: 't', partId: 'x', offset: 7, text: '!' },
        { op: 'append', turnId: 't', partId: 'x', offset: 99, text: '?' },
      ],
      fields: {},
    });
    await panel.heard();
    assert.equal(panel.said('resync').length, 1);
    assert.equal(await panel.page.locator('.md').textContent(), 'one two');
    await panel.close();
  });

  test('messages from another origin and of unknown shapes are ignored', async () => {
    const panel = await PanelHarness.open(browser, files, { state: READY });
    await panel.page.evaluate((version) => {
      const snapshot = { type: 'snapshot', version, seq: 99, now: 0, state: {}, strings: {}, draft: {} };
      for (const data of [null, 5, [], {}, { type: 'evil' }, { type: 'update', seq: 'x' }, snapshot])
        window.postMessage(data, window.origin);
      window.dispatchEvent(
        new MessageEvent('message', { origin: 'https://evil.example', data: { type: 'focus' } }),
      );
    }, PROTOCOL_VERSION);
    await panel.update([{ op: 'addTurn', turn: turn('t', [user('u', 'still here')]), beforeId: null }]);
    await panel.page.getByText('still here').waitFor();
    assert.deepEqual(panel.complaints, []);
    assert.equal(await panel.page.evaluate(() => document.activeElement?.tagName), 'BODY');
    assert.deepEqual(
      await panel.page.evaluate(() =>
        Object.values(window).filter(
          (value: unknown) => typeof value === 'object' && value !== null && 'setState' in value,
        ),
      ),
      [],
    );
    await panel.close();
  });

  test('a delta touches its own part only', async () => {
    const older = Array.from({ length: 20 }, (_, index) =>
      turn(`o${String(index)}`, [
        user(`u${String(index)}`, 'Hi'),
        text(`x${String(index)}`, 'Hello **there**'),
      ]),
    );
    const panel = await PanelHarness.open(browser, files, {
      state: {
        ...READY,
        activity: busy('writing'),
        ...showing(
          ...older,
          running('t', [user('u', 'Hi'), tool('b', 'Bash', { command: 'ls' }), text('x', 'one')]),
        ),
      },
    });
    await panel.page.evaluate(() => {
      const touched: string[] = [];
      Reflect.set(window, 'touched', touched);
      new MutationObserver((records) => {
        for (const { target } of records) {
          const element = target instanceof Element ? target : target.parentElement;
          const part = element?.closest('.md');
          touched.push(
            part === undefined || part === null
              ? (element?.className ?? '')
              : (element?.closest('article')?.dataset['turn'] ?? ''),
          );
        }
      }).observe(document.querySelector('.log') ?? document.body, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
    });
    for (let count = 0; count < 10; count++) {
      await panel.update([{ op: 'append', turnId: 't', partId: 'x', offset: 3 + count * 2, text: ' y' }]);
    }
    const touched = await panel.page.evaluate(() => Reflect.get(window, 'touched') as readonly string[]);
    assert.ok(touched.length >= 10, 'the observer saw the deltas');
    assert.deepEqual([...new Set(touched)], ['t']);
    await panel.close();
  });

  test('a hidden page acknowledges too, without animation frames', async () => {
    const panel = await PanelHarness.open(browser, files, {
      state: READY,
      initScript: () => {
        Object.defineProperty(document, 'hidden', { get: () => true });
        window.requestAnimationFrame = () => 0;
      },
    });
    await panel.update([{ op: 'addTurn', turn: turn('t', [user('u', 'Hi')]), beforeId: null }]);
    assert.equal(panel.said('ack').at(-1)?.seq, panel.seq);
    await panel.close();
  });

  test('an idle panel has no timers and no animations; a running one ticks each second', async () => {
    const panel = await PanelHarness.open(browser, files, {
      state: { ...READY, ...showing(turn('t', [user('u', 'Hi'), text('x', 'Hello')])) },
      initScript: () => {
        const live = new Set<number>();
        Reflect.set(window, 'intervals', live);
        const start = window.setInterval.bind(window);
        const end = window.clearInterval.bind(window);
        window.setInterval = ((...parameters: Parameters<typeof start>) => {
          const id = start(...parameters);
          live.add(id);
          return id;
        }) as typeof window.setInterval;
        window.clearInterval = (id) => {
          live.delete(Number(id));
          end(id);
        };
      },
    });
    const live = () =>
      panel.page.evaluate(() => [
        (Reflect.get(window, 'intervals') as Set<number>).size,
        document.getAnimations().length,
      ]);
    assert.deepEqual(await live(), [0, 0]);
    await panel.update([], { activity: busy('writing') });
    assert.equal((await live())[0], 1);
    await panel.page.getByText('Writing · 10 s').waitFor();
    await panel.update([], { activity: { ...busy('writing'), phase: 'idle' } });
    assert.deepEqual(await live(), [0, 0]);
    await panel.close();
  });
});
