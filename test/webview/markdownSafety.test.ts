import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { suite, suiteSetup, suiteTeardown, test } from 'mocha';
import type { Browser } from 'playwright-core';
import { launchBrowser, openBundle } from '../support/browser.ts';
import type { BundlePage } from '../support/browser.ts';
import type { HostCall } from '../support/markdownPage.ts';
import { PATHOLOGICAL } from '../support/markdownPathological.ts';

/**
 * In units of the yardstick of markdownPage.ts (200 KB of ordinary text), which took 35 ms where 500 ms is the limit:
 * a busy machine slows both alike.
 */
const LIMIT = 500 / 35;

suite('markdown of a hostile model', () => {
  let browser: Browser;
  let bundle: BundlePage;
  suiteSetup(async () => {
    browser = await launchBrowser();
    bundle = await openBundle(browser, {
      entry: 'test/support/markdownPage.ts',
      stylesheets: ['webview/styles/markdown.css'],
    });
  });
  suiteTeardown(async () => {
    await bundle.close();
    await browser.close();
  });

  const show = (text: string) =>
    bundle.page.evaluate((value) => {
      window.markdown.show(value, true);
    }, text);
  const calls = (): Promise<readonly HostCall[]> => bundle.page.evaluate(() => [...window.markdown.calls]);

  test('the network vectors, in seven places, make no request and no report', async () => {
    const hits: string[] = [];
    const sink = createServer((request, response) => {
      hits.push(request.url ?? '');
      response.end();
    });
    sink.on('connection', () => hits.push('connection'));
    await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
    const address = sink.address();
    const attacker = `127.0.0.1:${address !== null && typeof address === 'object' ? String(address.port) : ''}`;
    const vectors = Object.entries(await readVectors());
    assert.equal(vectors.length, 30);
    const link = `![a](http://ATTACKER/i) ![r][r] <http://ATTACKER/l>\n\n[r]: http://ATTACKER/r\n`;
    for (const [name, raw] of [...vectors, ['markdown', link] as const]) {
      const vector = raw.replaceAll('ATTACKER', attacker);
      for (const text of places(vector)) {
        await show(text);
        const foreign = await bundle.page.evaluate(
          () =>
            document.querySelectorAll(
              '.md :is(img, svg, math, style, script, link, iframe, video, audio, [src], [href], [style])',
            ).length,
        );
        assert.equal(foreign, 0, name);
      }
    }
    await bundle.page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    assert.deepEqual(hits, []);
    assert.deepEqual(bundle.foreignRequests, []);
    assert.deepEqual(bundle.complaints, []);
    await new Promise((resolve) => sink.close(resolve));
  });

  test('only http, https and mailto are opened, by click and by Enter, and only through the host', async () => {
    await show(
      '[a](https://ex.com/x) [b](http://ex.com) [c](mailto:a@b.c) [d](javascript:alert(1)) [e](command:x) ' +
        '[f](data:text/html,x) [g](file:///etc/passwd) [h](vscode://x/y) [i](JaVaScRiPt:x) [j](java&#x09;script:x) ' +
        '[k](//evil.example/x) [l](<\u0001javascript:x>) <ftp://x.y/z>',
    );
    const links = bundle.page.getByRole('link');
    const names: string[] = [];
    for (const link of await links.all()) {
      names.push((await link.textContent()) ?? '');
      await link.click();
      await link.press('Enter');
    }
    assert.deepEqual(names, ['a', 'b', 'c']);
    const opened = (await calls()).map((call) => `${call.name} ${String(call.values[0])}`);
    assert.deepEqual(opened, [
      'openLink https://ex.com/x', 'openLink https://ex.com/x', 'openLink http://ex.com/', 'openLink http://ex.com/',
      'openLink mailto:a@b.c', 'openLink mailto:a@b.c',
    ]); // prettier-ignore
    const text = await bundle.page.locator('.md').textContent();
    assert.match(
      text ?? '',
      /e \(command:x\) f \(data:text\/html,x\) g \(file:\/\/\/etc\/passwd\) h \(vscode:/,
    );
    assert.equal(new URL(bundle.page.url()).pathname, '/');
  });

  test('a look-alike host is shown in punycode; a picture names its host and opens on a click', async () => {
    await show('[bank](https://аррle.com/) ![chart](https://ex.com/c.png?d=SECRET)');
    const title = await bundle.page.getByRole('link', { name: 'bank' }).getAttribute('title');
    assert.match(title ?? '', /^https:\/\/xn--[a-z0-9-]+\.com\/$/);
    const picture = bundle.page.getByRole('button', { name: 'image: ex.com/c.png' });
    await picture.click();
    assert.deepEqual(await calls(), [{ name: 'openLink', values: ['https://ex.com/c.png?d=SECRET'] }]);
  });

  test('hidden and reordering characters in inline code are shown as escapes', async () => {
    await show('`a\u202eb\u200bc`');
    assert.equal(await bundle.page.locator('.md code').textContent(), 'a\\u{202e}b\\u{200b}c');
  });

  test('relative targets go to the host as files, paths that climb out do not', async () => {
    await show('[a](src/a.ts#L12) [b](../b.ts) [c](/etc/passwd) [d](src%5C..%5Cx)');
    for (const link of await bundle.page.getByRole('link').all()) await link.click();
    assert.deepEqual(await calls(), [{ name: 'openFile', values: ['src/a.ts', 12] }]);
  });

  for (const [name, make] of Object.entries(PATHOLOGICAL)) {
    test(`pathological: ${name}`, async () => {
      for (const n of [2_500, 50_000]) {
        const { parse, total } = await bundle.page.evaluate((text) => window.markdown.timed(text), make(n));
        assert.ok(parse <= LIMIT, `parse at ${String(n)}: ${parse.toFixed(1)}`);
        assert.ok(total <= 2 * LIMIT, `parse and render at ${String(n)}: ${total.toFixed(1)}`);
      }
      assert.deepEqual(bundle.complaints, []);
    });
  }
});

/** `as`: the fixture is ours, a map of name to HTML. */
async function readVectors(): Promise<Readonly<Record<string, string>>> {
  return JSON.parse(await readFile('test/fixtures/networkVectors.json', 'utf8')) as Record<string, string>;
}

function places(vector: string): readonly string[] {
  const line = vector.replaceAll('\n', ' ');
  return [
    vector,
    `text ${vector} text`,
    `- ${line}`,
    `> ${line}`,
    `| a |\n|---|\n| ${line.replaceAll('|', '\\|')} |`,
    `\`\`\`html\n${vector}\n\`\`\``,
    `[${line}](https://ex.com "${line.replaceAll('"', "'")}") ![${line}](${line.replaceAll(/[ <>]/g, '')})`,
  ];
}
