import type { AttachedText, ChatRequest } from './chatRequest.ts';
import { LONG_REPLY } from './longReply.ts';
import { call, say, tokens, type Reply } from './reply.ts';

export const MODEL_ID = 'letta-demo';

const NOTES = 'letta-demo.md';
const FIRST_LINE = '# Written by the Letta demo';
/** Redirecting into a file is what makes it ask: commands that only read are allowed without. */
const COMMAND = 'ls -la > letta-demo.txt && head -3 letta-demo.txt';
const MEMORY = 'system/letta-demo.md';
const QUOTED_LINES = 6;
/** Longer messages are somebody's own question, not a prompt of the script. */
const PROMPT_LIMIT = 80;

const WHAT_IT_KNOWS = [
  'Prompts that I know:',
  '',
  '- `long`: a long reply with headings, a table and code',
  '- `command`: runs a command, after you allowed it',
  '- `edit`: writes a file, after you saw the change',
  '- `think`: thinks before it answers',
  '- `remember`: notes something in its memory',
  '- `drop`: loses the connection in the middle, and is asked again',
  '- `slow`: takes its time',
  '- `error`: fails, as a model does when its server is in trouble',
  '',
  'To talk to a real agent, choose a model below.',
].join('\n');

const PROMPTS: readonly (readonly [RegExp, (request: ChatRequest) => Reply])[] = [
  [
    /\berror\b/i,
    () =>
      say('', {
        refusal: { status: 500, message: 'The scripted demo model fails because you asked it to.' },
      }),
  ],
  [/\b(remember|memory)\b/i, remember],
  [/\bdrop(ped|s)?\b/i, drop],
  [/\bslow(ly)?\b/i, slow],
  [/\blong(er)?\b/i, () => say(LONG_REPLY, { tokenDelayMs: 1000 / 60 })],
  [/\b(think|reason)(ing)?\b/i, think],
  [/\b(command|run)\b/i, command],
  [/\b(edit|write)\b/i, edit],
];

/** The script: the same request has the same reply. */
export function reply(request: ChatRequest): Reply {
  if (!request.hasTools && /summar/i.test(request.system)) return summary(request);
  if (request.toolResults.some((result) => result.includes(`already exists at ${MEMORY}`)))
    return request.toolResults.length > 1 ? afterTools(request.toolResults) : addToMemory(request);
  if (request.toolResults.length > 0) return afterTools(request.toolResults);
  if (request.typed.length <= PROMPT_LIMIT) {
    const known = PROMPTS.find(([pattern]) => pattern.test(request.typed));
    if (known !== undefined) return known[1](request);
  }
  return say(`I am a scripted demo model, not a real one. ${quote(request)}\n\n${WHAT_IT_KNOWS}`);
}

function quote(request: ChatRequest): string {
  const said = request.typed === '' ? '' : `You wrote: “${shorten(request.typed)}”`;
  return [...request.attachments.map(quoteAttachment), said].filter((part) => part !== '').join('\n\n');
}

function quoteAttachment({ about, text }: AttachedText): string {
  const lines = text.split('\n');
  const place =
    about.lines === null
      ? about.path
      : `${about.path}, lines ${String(about.lines[0])}–${String(about.lines[1])}`;
  const more =
    lines.length > QUOTED_LINES ? `\n\n… and ${String(lines.length - QUOTED_LINES)} more lines.` : '';
  return `You attached ${place}, which begins like this:\n\n${fenced(lines.slice(0, QUOTED_LINES).join('\n'), about.language)}${more}`;
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), (run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

function slow(): Reply {
  return say(
    'This is the scripted demo model being slow: the first word took three seconds, and the others are in no hurry.',
    {
      firstTokenDelayMs: 3_000,
      tokenDelayMs: 250,
    },
  );
}

function think(request: ChatRequest): Reply {
  const thoughts = [
    `The person wrote “${shorten(request.typed)}”. `,
    'I am only a script, so there is not much to think about. ',
    'First I would look at what was asked, then at what I was given with it. ',
    'Nothing in it needs a tool. ',
    'So the answer is to say plainly that this is what thinking looks like.',
  ];
  return say(
    'I have thought about it. What you see folded above is the reasoning that a model sends before its answer; mine is scripted.',
    { reasoning: tokens(thoughts.join('')), tokenDelayMs: 25 },
  );
}

function command(request: ChatRequest): Reply {
  if (!request.hasTools) return noTools();
  const args = { command: COMMAND, description: 'List the files and keep the list in letta-demo.txt' };
  return call('I will list the files here. That writes a file, so you are asked first.', [
    { name: 'Bash', arguments: JSON.stringify(args) },
  ]);
}

/** Breaks off; the server that speaks this script lets the request that follows through. */
function drop(): Reply {
  return say(
    'I begin to answer, and after a few words the connection to me breaks. You see that, and that I am asked again. This is the second try: nothing was lost, and you did not have to do anything.',
    { tokenDelayMs: 40, fault: { kind: 'drop', afterTokens: 8 } },
  );
}

function remember(request: ChatRequest): Reply {
  if (!request.hasTools) return noTools();
  if (request.writtenPaths.has(MEMORY)) return addToMemory(request);
  const args = {
    command: 'create',
    reason: 'Note what the demo was told',
    file_path: MEMORY,
    description: 'What the scripted demo was told',
    file_text: `The person said: ${shorten(request.typed)}\n`,
  };
  return call('I will note that in my memory, where I find it again in every conversation.', [
    { name: 'memory', arguments: JSON.stringify(args) },
  ]);
}

function addToMemory(request: ChatRequest): Reply {
  const args = {
    command: 'insert',
    reason: 'Note what the demo was told',
    file_path: MEMORY,
    insert_line: 1,
    insert_text: `Said later (${String(request.asked.length)}): ${shorten(request.typed)}`,
  };
  return call('I will add that to what I noted before.', [
    { name: 'memory', arguments: JSON.stringify(args) },
  ]);
}

function edit(request: ChatRequest): Reply {
  if (!request.hasTools) return noTools();
  if (request.writtenPaths.has(NOTES)) {
    const args = { file_path: NOTES, old_string: FIRST_LINE, new_string: `${FIRST_LINE}, then edited` };
    return call(`I will edit ${NOTES}, which I wrote before.`, [
      { name: 'Edit', arguments: JSON.stringify(args) },
    ]);
  }
  const content = `${FIRST_LINE}\n\nYou asked: ${shorten(request.typed)}\n\nYou may delete this file.\n`;
  return call(`I will write ${NOTES} into your folder. Look at it before you allow it.`, [
    { name: 'Write', arguments: JSON.stringify({ file_path: NOTES, content }) },
  ]);
}

function noTools(): Reply {
  return say('I was given no tools, so I cannot do that here.');
}

function afterTools(results: readonly string[]): Reply {
  const quotes = results.map((result) => {
    const lines = result.trim().split('\n');
    const more = lines.length > QUOTED_LINES ? '\n…' : '';
    return fenced(`${lines.slice(0, QUOTED_LINES).join('\n')}${more}`, '');
  });
  return say(
    `The tool answered:\n\n${quotes.join('\n\n')}\n\nThat is all a scripted demo model makes of it.`,
  );
}

/** Letta asks for one when a conversation grows too long for the model. */
function summary(request: ChatRequest): Reply {
  return say(
    `Summary by the scripted demo model. The person wrote: ${request.asked.map(shorten).join(' | ')}`,
  );
}
