/** About 600 words of Markdown with most of what a reply can hold. */
export const LONG_REPLY = `# A long reply, as a demo

This is a **scripted** reply. It is here to show how a long answer grows in the panel while it streams: the text you have read stays where it is, and only its end changes.

## How text reaches you

Every word travels the same way as it would from a real model:

1. The model sends a small piece of text.
2. The Letta runtime on this computer adds it to the message and passes it on.
3. A small process, the broker, hands it to every window that shows this conversation.
4. The extension folds it into the transcript, and the panel draws the change.

The way is the same for *reasoning*, for tool calls and for their results. Nothing is drawn twice, and nothing is lost when you hide the panel and show it again.

## A list, with a list inside

- Text that streams can contain \`inline code\`, **strong words** and [links](https://docs.letta.com).
- A list can hold another one:
  - the first item of it,
  - the second, which is longer and goes on for a while so that it has to wrap in a narrow side bar,
  - and the last.
- After that the outer list goes on.

> A quotation stands apart from the rest. In a long conversation it is often your own text that is quoted, or a line of a file that you attached.

## A table

| Part | What it does | Where it runs |
| --- | --- | --- |
| Model | writes the text | on a server, or on this computer |
| Runtime | keeps agents, runs tools | on this computer |
| Broker | keeps turns alive, serves windows | on this computer |
| Panel | shows it all | in your editor |

Tables are hard to stream, since the width of a column is known only when its last row is there. The panel draws the rows as they come.

## Code

Here is a function in TypeScript. When its block closes it is coloured, and you can copy it or insert it at the cursor:

\`\`\`ts
/** Splits a text into pieces of at most \`size\` characters, at spaces where there are any. */
export function wrap(text: string, size: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > size) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : \`\${line} \${word}\`;
  }
  return line === '' ? lines : [...lines, line];
}
\`\`\`

And the same idea in Python, which is shorter because its library does the work:

\`\`\`python
import textwrap

def wrap(text: str, size: int) -> list[str]:
    return textwrap.wrap(text, width=size, break_long_words=False)
\`\`\`

## What to try while this streams

You do not have to wait for the end. Scroll up to read: the panel stays where you are and offers a way back to the newest line. Press **Stop**: what has arrived stays, and you can go on writing at once. Type the next message: it is queued, you see it waiting, and it is sent when this reply has ended. Hide the side bar and show it again: the reply has gone on in the meantime.

### A few more words

A real model would now come to the point. A script has none, so it adds a paragraph to become long enough. Long replies are where a chat panel shows its quality: each new word must cost the same, whether it is the tenth or the ten thousandth. Parsing the whole text again for every word is the usual mistake, and it makes the editor slower with each line that arrives. Here only the last open block is parsed again; the blocks above it are finished and are left alone.

### Numbers

The line below a reply tells how long the first token took, how long the whole reply took, how many tokens came, and how many of them in a second. Figures come from the server where it sends them. This script sends about sixty tokens a second.

---

That was the long reply. Try \`command\` next: it shows how you are asked before something is run.`;
