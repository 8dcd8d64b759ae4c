import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import fc from 'fast-check';
import {
  addAttachment,
  cutToBudget,
  looksSecret,
  messageTexts,
  sizeBytes,
} from '../../../src/core/attachments.ts';
import { formatAttachment, parseAttachments } from '../../../src/shared/attachmentText.ts';
import type { SentAttachment } from '../../../src/shared/transcript.ts';

const source = (path: string, text: string) => ({
  path,
  language: 'typescript',
  lines: null,
  text,
  isUnsaved: false,
});

suite('attachments', () => {
  test('a cut keeps whole lines and says how many bytes are missing', () => {
    const cut = cutToBudget('one\ntwo\nthree\n', 9);
    assert.deepEqual(cut, { text: 'one\ntwo', cutBytes: 7 });
  });

  test('a cut within a long line never breaks a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-composite', maxLength: 60 }), fc.nat(80), (text, budget) => {
        const cut = cutToBudget(text, budget);
        assert.ok(text.startsWith(cut.text));
        assert.ok(sizeBytes(cut.text) <= Math.max(budget, 0));
        assert.equal(sizeBytes(cut.text) + cut.cutBytes, sizeBytes(text));
      }),
    );
  });

  test('all chips together stay within the budget', () => {
    let chips = addAttachment([], source('a.ts', 'a'.repeat(60)), '1', 100);
    chips = addAttachment(chips, source('b.ts', 'b'.repeat(60)), '2', 100);
    assert.deepEqual(
      chips.map(({ chip, text }) => [chip.path, text.length, chip.cutBytes]),
      [
        ['a.ts', 60, 0],
        ['b.ts', 40, 20],
      ],
    );
  });

  test('the same range attached again replaces the chip', () => {
    const once = addAttachment([], source('a.ts', 'old'), '1', 100);
    const twice = addAttachment(once, source('a.ts', 'new'), '2', 100);
    assert.deepEqual(
      twice.map(({ text }) => text),
      ['new'],
    );
  });

  test('the words come last, each attachment is a part of its own', () => {
    const chips = addAttachment([], source('a.ts', 'let a;'), '1', 100);
    const texts = messageTexts(chips, 'Why?');
    assert.equal(texts.length, 2);
    assert.equal(texts[1], 'Why?');
  });

  for (const path of [
    '.env',
    'app/.env.local',
    'id_rsa',
    'certs/server.pem',
    'home/.ssh/config',
    'aws-credentials.json',
    '.npmrc',
    'prod.tfvars',
  ]) {
    test(`${path} is taken for a secret`, () => {
      assert.ok(looksSecret(path));
    });
  }
  for (const path of [
    'src/environment.ts',
    'keyboard.ts',
    'README.md',
    'secretary.ts',
    'pem.ts',
    'src/credentialsForm.tsx',
  ]) {
    test(`${path} is not`, () => {
      assert.ok(!looksSecret(path));
    });
  }
});

const sent: fc.Arbitrary<SentAttachment> = fc.record(
  {
    path: fc.string({ minLength: 1 }),
    language: fc.constantFrom('typescript', 'markdown', ''),
    lines: fc.option(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 99 })), {
      nil: null,
    }),
    sizeBytes: fc.nat(),
    cutBytes: fc.nat(),
  },
  { noNullPrototype: true },
);

suite('attachment text', () => {
  // Shown red by a fence of fixed length.
  test('what is formatted is read back, whatever the text holds', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(sent, fc.string())), fc.string(), (attached, words) => {
        // Words that look like a block themselves would be read as one: nobody is misled by a chip of their own.
        fc.pre(!words.startsWith('[Attached '));
        const message = [...attached.map(([one, text]) => formatAttachment(one, text)), words].join('');
        assert.deepEqual(parseAttachments(message), {
          attachments: attached.map(([one]) => one),
          text: words,
        });
      }),
    );
  });

  test('text with fences of its own stays whole', () => {
    const attachment = { path: 'a.md', language: 'markdown', lines: null, sizeBytes: 1, cutBytes: 0 };
    const message = formatAttachment(attachment, '```ts\nx\n```\n````\ny\n````') + 'Why?';
    assert.deepEqual(parseAttachments(message), { attachments: [attachment], text: 'Why?' });
  });

  for (const broken of [
    '[Attached {]\n```\nx\n```\n',
    '[Attached {"path":1,"language":""}]\n```\nx\n```\n',
    '[Attached {"path":"a","language":""}]\n```\nno end',
  ]) {
    test(`${JSON.stringify(broken)} stays text`, () => {
      assert.deepEqual(parseAttachments(broken), { attachments: [], text: broken });
    });
  }
});
