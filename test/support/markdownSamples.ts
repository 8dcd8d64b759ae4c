/** Texts that exercise every kind of block, and the ways one may turn into another while it grows. */
export const MARKDOWN_SAMPLES: Readonly<Record<string, string>> = {
  reply:
    '# Retry\n\nThe loop in `upload.ts:31` **never** leaves:\n\n```ts\ncatch (error) {\n  await backoff(attempt++);\n}\n```\n\n1. one\n2. two\n   - nested\n   - more\n\n> quoted\n> text\n\nDone. See https://example.com/a?b=c.\n',
  table:
    'Before\n\n| a | b |\n|:--|--:|\n| 1 | `x|y` |\n| 2 |\n| 3 | 4 | 5 |\n| *six* | \\| |\nafter the table\n\nend',
  almostTable: 'para\na | b\n-|- x\nmore\n\na | b\n-|-\n1 | 2\n# h\nx | y\n--|--\n',
  looseList: '- a\n- b\n- c\n\n- d\n- e\n\n  para\n- f\n\n* other\n* list\n',
  tightThenPara: '1. a\n2. b\n3. c\n4. d\n\nparagraph\n\n7) x\n8) y\n',
  itemsWithBlocks:
    '- # head\n- ```js\n  code\n  ```\n- > quote\n- text\n\n  more\n-\n-  two\n- [ ] task\n- [x] done **now**\n',
  listNoParagraphs: '- # a\n- # b\n- # c\n\n- # d\n- text\n- text\n',
  nested: '- a\n  - b\n    - c\n      - d\n\n        deep\n    - e\n  - f\n- g\n',
  fences:
    '```\nopen\n``\n```js\nnot closed\n````\n\n~~~~ py\nx\n~~~\ny\n~~~~\ntext\n```\nnever closed\n\n\nend',
  indentedFence: '  ```\n   a\n  b\n c\n  ```\n\n- ```\n  x\n\n  y\n  ```\n- z\n',
  definitions:
    'See [a], [b][], [text][c] and ![p][a].\n\n- item [a]\n- item [d]\n\n[a]: https://example.com/a\n[b]: <https://example.com/b> "title"\n\nAfter [a].\n\n[c]:\n  https://example.com/c\n  "two\n  lines"\n\n> [d]: mailto:x@example.com\n\nend [d]\n',
  claimedTitle: '[foo]: /url\n"title\nmore\nlines"\n\n[foo]\n\n- [bar]: /x\n\'a\nb\'\n\n[bar]\n',
  claimedHeading: "[foo]: /url\n'title\n===\nmore'\n\n[foo]\n",
  setext: 'Head\n===\nother\n---\npara\nline\n-\n- a\n---\ntext\n***\n',
  code: 'text\n\n    indented\n\n      more\n\n\n    again\nback\n',
  html: '<div onclick="x">\n*a*\n</div>\n\n<script>alert(1)</script>\n\na <b>bold</b> &amp; &lt;i&gt; <!-- c -->\n',
  quotes: '> a\nlazy\n> b\n>\n> c\n\n> d\n> - e\n> - f\nlazy\n\n>> deep\n> less\n',
  inline:
    'a **b *c* d** ~~e~~ `f` ``g`h`` \\* <https://x.y> [l](http://a.b "t") www.example.com me@example.com a  \nb\\\nc\n',
  returns: 'a\r\nb\r\n\r\n- c\r\n- d\r\r```\r\ne\r\n```\r\n',
  unicode: 'مرحبا **بالعالم**\n\nשלום\n\n👩‍👩‍👧 `\u202eabc\u200b` 日本語\u0000x\n',
  listLikeTable: '1. x\n2. a | b\n:-- | --\n3. c\n4. d\n',
  longList: Array.from(
    { length: 40 },
    (_, index) => `${String(index + 1)}. item **${String(index)}**\n`,
  ).join(''),
  longTable: `| n | square |\n|---|---|\n${Array.from({ length: 40 }, (_, n) => `| ${String(n)} | ${String(n * n)} |\n`).join('')}\nend\n`,
  longCode: `\`\`\`ts\n${Array.from({ length: 150 }, (_, n) => `const value${String(n)} = ${String(n)};\n`).join('')}\`\`\`\n\nend\n`,
};
