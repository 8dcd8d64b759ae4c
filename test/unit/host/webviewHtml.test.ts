import assert from 'node:assert/strict';
import { suite, test } from 'mocha';
import { contentSecurityPolicy, webviewHtml } from '../../../src/host/webviewHtml.ts';

const PAGE = {
  scriptUri: 'https://x.example/main.js',
  styleUri: 'https://x.example/main.css',
  cspSource: 'https://x.example',
  nonce: 'abc+/=',
  lang: 'en',
  title: 'Letta',
};

suite('webview page', () => {
  test('the policy, byte for byte', () => {
    assert.equal(
      contentSecurityPolicy(PAGE),
      "default-src 'none'; script-src 'nonce-abc+/='; style-src https://x.example; " +
        "img-src https://x.example data:; font-src https://x.example; connect-src 'none'; frame-src 'none'; " +
        "worker-src 'none'; object-src 'none'; media-src 'none'; form-action 'none'; base-uri 'none'; " +
        "require-trusted-types-for 'script'; trusted-types 'none'",
    );
  });

  test('the policy stands before anything that loads; one script, with the nonce; nothing inline', () => {
    const html = webviewHtml(PAGE);
    assert.ok(html.indexOf('Content-Security-Policy') < html.indexOf('<link'));
    assert.equal(html.match(/<script/g)?.length, 1);
    assert.match(
      html,
      /<script type="module" nonce="abc\+\/=" src="https:\/\/x\.example\/main\.js"><\/script>/,
    );
    assert.doesNotMatch(html, /\son\w+=|<style|style=/);
  });

  test('what comes from outside cannot leave its attribute', () => {
    const html = webviewHtml({ ...PAGE, title: '</title><script>', lang: '"><script>' });
    assert.equal(html.match(/<script/g)?.length, 1);
  });
});
