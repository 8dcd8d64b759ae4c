import type { Activity, Attachment, PanelState } from '../../src/shared/panel.ts';
import { IDLE } from '../../src/shared/panel.ts';
import {
  EMPTY_TRANSCRIPT,
  NO_METRICS,
  type NoticePart,
  type Part,
  type ToolPart,
  type Turn,
  type TurnMetrics,
} from '../../src/shared/transcript.ts';

/** The hour of all states: 2026-11-21T09:00:00Z. */
export const NOW = 1_795_251_600_000;

export interface PanelCase {
  readonly state: PanelState;
  readonly draft?: string;
  /** Names of rows that are opened before the picture. */
  readonly opens?: readonly string[];
  /** The reader has scrolled to the top. */
  readonly isScrolledUp?: boolean;
}

export const READY: PanelState = {
  key: 'agent-1/conv-1',
  link: { state: 'ready', text: '', detail: '', actions: [] },
  agent: { id: 'agent-1', name: 'Ada' },
  conversation: { id: 'conv-1', title: 'Why does the upload retry' },
  model: { handle: 'ollama/qwen3-coder', label: 'qwen3-coder', isDemo: false },
  mode: 'standard',
  place: 'on this computer',
  canSend: true,
  blockedReason: '',
  activity: IDLE,
  queue: [],
  attachments: [],
  notices: [],
  setup: null,
  transcript: EMPTY_TRANSCRIPT,
};

export function user(id: string, text: string, attachments: readonly Attachment[] = []): Part {
  return { kind: 'user', id, text, attachments, delivery: 'sent', origin: 'person' };
}

export function text(id: string, words: string): Part {
  return { kind: 'text', id, text: words };
}

export function thought(id: string, words: string, seconds: number | null): Part {
  const startedAt = NOW - 30_000;
  return {
    kind: 'reasoning',
    id,
    text: words,
    startedAt,
    endedAt: seconds === null ? null : startedAt + seconds * 1000,
  };
}

export function tool(id: string, name: string, input: unknown, change: Partial<ToolPart> = {}): ToolPart {
  return {
    kind: 'tool',
    id,
    name,
    args: JSON.stringify(input),
    state: 'done',
    output: '',
    startedAt: NOW - 20_000,
    endedAt: NOW - 18_000,
    approval: null,
    ...change,
  };
}

export function asking(id: string, name: string, input: unknown, index = 1, total = 1): ToolPart {
  return tool(id, name, input, {
    state: 'waitingForApproval',
    endedAt: null,
    approval: {
      requestId: `request-${id}`,
      state: 'pending',
      input: JSON.stringify(input),
      diffs: [],
      reason: '',
      index,
      total,
    },
  });
}

export function notice(id: string, change: Partial<NoticePart>): NoticePart {
  return {
    kind: 'notice',
    id,
    code: 'info',
    level: 'info',
    text: '',
    detail: '',
    retry: null,
    actions: [],
    ...change,
  };
}

const ENDED: TurnMetrics = {
  startedAt: NOW - 60_000,
  firstTokenAt: NOW - 59_200,
  endedAt: NOW - 22_000,
  outputTokens: 1204,
  inputTokens: 20_480,
  isEstimated: false,
  steps: 3,
};

export function turn(id: string, parts: readonly Part[], change: Partial<Turn> = {}): Turn {
  return { id, state: 'ended', outcome: { kind: 'completed' }, parts, metrics: ENDED, ...change };
}

export function running(id: string, parts: readonly Part[], change: Partial<Turn> = {}): Turn {
  return turn(id, parts, {
    state: 'active',
    outcome: null,
    metrics: { ...NO_METRICS, startedAt: NOW - 9000, outputTokens: 412 },
    ...change,
  });
}

export function busy(phase: Activity['phase'], change: Partial<Activity> = {}): Activity {
  return { phase, since: NOW - 9000, tokens: 412, isEstimated: true, ...change };
}

export function chip(path: string, change: Partial<Attachment> = {}): Attachment {
  return {
    id: path,
    path,
    language: 'typescript',
    lines: null,
    sizeBytes: 2140,
    cutBytes: 0,
    isUnsaved: false,
    ...change,
  };
}

export function showing(...turns: readonly Turn[]): Pick<PanelState, 'transcript'> {
  return { transcript: { turns, hasOlder: false } };
}

const OUTPUT = [
  ...Array.from({ length: 9 }, (_, index) => `  setup ${String(index)}`),
  '  upload',
  '    ✓ sends in chunks (41 ms)',
  '    ✓ resumes after a drop (212 ms)',
].join('\n');

const REPLY = `The loop in \`upload.ts\` only leaves on success. A \`429\` resets \`attempt\` to zero, so the limit is never reached:

\`\`\`ts
catch (error) {
  if (error.status === 429) attempt = 0;
  await backoff(attempt++);
}
\`\`\`

Keep the counter and wait for what the server`;

export const STREAMING_TURN = running('turn-1', [
  user('u1', 'Why does the upload retry forever?', [chip('src/upload.ts', { lines: [12, 58] })]),
  thought('r1', 'The retry loop looks suspicious.', 4),
  tool('t1', 'Read', { file_path: 'src/upload.ts' }),
  tool('t2', 'Read', { file_path: 'src/backoff.ts' }),
  tool('t3', 'Read', { file_path: 'test/upload.test.ts' }),
  tool(
    't4',
    'Bash',
    { command: 'npm test -- upload' },
    { state: 'running', output: OUTPUT, startedAt: NOW - 12_000, endedAt: null },
  ),
  text('x1', REPLY),
]);

const DIFF = {
  path: 'src/upload.ts',
  unpreviewable: '',
  hunks: [
    {
      oldStart: 31,
      newStart: 31,
      lines: [
        { type: 'context', text: '  } catch (error) {' },
        { type: 'remove', text: '    if (error.status === 429) attempt = 0;' },
        { type: 'add', text: '    if (error.status === 429) await wait(retryAfter(error));' },
        { type: 'context', text: '    await backoff(attempt++);' },
      ],
    },
  ],
} as const;

const EDIT_INPUT = {
  file_path: 'src/upload.ts',
  old_string: '    if (error.status === 429) attempt = 0;',
  new_string: '    if (error.status === 429) await wait(retryAfter(error));',
};

const EDITED = tool('t1', 'Edit', EDIT_INPUT, {
  approval: {
    requestId: 'q1',
    state: 'allowed',
    input: JSON.stringify(EDIT_INPUT),
    diffs: [DIFF],
    reason: '',
    index: 1,
    total: 1,
  },
});

const DONE = `Done. The retry counter now survives a \`429\`, and the wait honours \`Retry-After\`:

- at most **5** attempts, full jitter
- a cancelled upload stops waiting at once`;

const ASKED: PanelState = { ...READY, conversation: { id: 'conv-1', title: 'Fix the retry policy' } };

const CASES = {
  firstRun: {
    state: {
      ...READY,
      key: 'none/new:1',
      agent: null,
      conversation: { id: '', title: '' },
      model: null,
      mode: 'standard',
      blockedReason: 'Kept until you choose a model',
      setup: {
        choices: [
          {
            id: 'ollama',
            icon: 'vm',
            label: 'Ollama · qwen3:8b',
            state: 'needsFix',
            stateText: 'Needs a longer context',
            detail: 'Make a 32k copy · no download',
            group: 'found',
          },
          {
            id: 'key',
            icon: 'key',
            label: 'ANTHROPIC_API_KEY',
            state: 'ready',
            stateText: 'Ready',
            detail: 'Text goes to Anthropic.',
            group: 'found',
          },
          {
            id: 'provider',
            icon: 'globe',
            label: 'Connect a model provider',
            state: 'none',
            stateText: '',
            detail: '',
            group: 'connect',
          },
          {
            id: 'demo',
            icon: 'play',
            label: 'Try the scripted demo',
            state: 'none',
            stateText: '',
            detail: 'No account, nothing leaves this computer.',
            group: 'connect',
          },
        ],
      },
    },
    draft: 'Why does the upload retry forever?',
  },
  empty: { state: { ...READY, conversation: { id: '', title: '' } } },
  connecting: {
    state: {
      ...READY,
      link: { state: 'starting', text: 'Starting Letta…', detail: '', actions: [] },
      mode: null,
      blockedReason: 'Sent as soon as Letta is ready',
    },
    draft: 'First question',
  },
  streaming: {
    state: { ...READY, activity: busy('writing'), ...showing(STREAMING_TURN) },
    isScrolledUp: true,
  },
  approvalCommand: {
    state: {
      ...ASKED,
      activity: busy('waitingForApproval'),
      queue: [
        {
          clientId: 'q',
          text: 'then bump the version and write the changelog',
          attachmentCount: 0,
          state: 'queued',
        },
      ],
      ...showing(
        running('turn-1', [
          user('u1', 'Fix it and run the tests.'),
          EDITED,
          asking(
            't2',
            'Bash',
            {
              command: 'rm -rf dist && npm run build -- --release',
              description: 'Build a release',
              cwd: '~/api-server',
            },
            1,
            2,
          ),
        ]),
      ),
    },
  },
  approvalDiff: {
    state: {
      ...ASKED,
      activity: busy('waitingForApproval'),
      ...showing(
        running('turn-1', [
          user('u1', 'Fix it and run the tests.'),
          { ...asking('t1', 'Edit', { ...EDIT_INPUT, replace_all: false }), name: 'Edit' },
        ]),
      ),
    },
  },
  finished: {
    state: {
      ...ASKED,
      attachments: [
        chip('src/download.ts'),
        chip('src/queue.ts', { lines: [5, 17], isUnsaved: true, sizeBytes: 612 }),
      ],
      ...showing(
        turn('turn-1', [
          user('u1', 'Fix it and run the tests.'),
          EDITED,
          tool('t2', 'Bash', { command: 'npm test' }, { output: OUTPUT }),
          text('x1', DONE),
          notice('n1', { code: 'memory', text: 'Remembered 2 lines in uploader.md' }),
        ]),
      ),
    },
    draft: 'Now the same for the downloader',
    opens: ['Edit, done'],
  },
  stopped: {
    state: {
      ...READY,
      ...showing(
        turn(
          'turn-1',
          [
            user('u1', 'Write a long story.'),
            thought('r1', '', null),
            text('x1', 'Once upon a time there was'),
            tool('t1', 'Bash', { command: 'sleep 60' }, { state: 'stopped' }),
          ],
          {
            outcome: { kind: 'stopped' },
            metrics: { ...ENDED, isEstimated: true, outputTokens: 7 },
          },
        ),
      ),
      queue: [{ clientId: 'q', text: 'and label them by size', attachmentCount: 2, state: 'paused' }],
    },
  },
  stopping: {
    state: {
      ...READY,
      activity: busy('stillStopping'),
      notices: [
        {
          id: 'unwinding',
          level: 'warning',
          text: 'The model has not let go of the stopped reply yet. What you send waits until it does.',
          detail: '',
          actions: ['newConversation', 'restartRuntime'],
        },
      ],
      ...showing(
        running('turn-1', [user('u1', 'Write a long story.'), text('x1', 'Once upon')], {
          state: 'stopping',
        }),
      ),
    },
  },
  failed: {
    state: {
      ...READY,
      conversation: { id: 'conv-1', title: 'Open pull requests' },
      ...showing(
        turn(
          'turn-1',
          [
            user('u1', 'Summarise the open pull requests.'),
            tool('t1', 'Bash', { command: 'gh pr list' }, { state: 'failed', output: 'gh: not logged in\n' }),
            tool(
              't2',
              'Fetch',
              { url: 'https://example.com' },
              {
                state: 'denied',
                approval: {
                  requestId: 'q',
                  state: 'denied',
                  input: '{}',
                  diffs: [],
                  reason: 'use the cached list',
                  index: 1,
                  total: 1,
                },
              },
            ),
            text('x1', 'There are three open pull requests. The oldest, about the parser, has'),
            notice('n1', {
              code: 'error',
              level: 'error',
              text: 'The model refused the key.',
              detail: '401 invalid_api_key',
              actions: ['fixKey', 'retry', 'chooseModel'],
            }),
          ],
          { outcome: { kind: 'failed', reason: 'unauthorised', message: 'The model refused the key.' } },
        ),
      ),
    },
  },
  reconnecting: {
    state: {
      ...READY,
      link: {
        state: 'reconnecting',
        text: 'Connection lost. Trying again in 4 s (2 of 3).',
        detail: 'What arrived is kept.',
        actions: ['reconnect', 'showLog'],
      },
      queue: [{ clientId: 'q', text: 'and label them by size', attachmentCount: 0, state: 'unsent' }],
      ...showing(
        turn(
          'turn-1',
          [
            user('u1', 'Summarise the open pull requests.'),
            text('x1', 'There are three open pull requests.'),
            notice('n1', {
              code: 'interrupted',
              level: 'warning',
              text: 'The connection went away in mid-reply.',
              actions: ['continue'],
            }),
          ],
          {
            outcome: { kind: 'interrupted', message: 'The connection went away in mid-reply.' },
          },
        ),
      ),
    },
  },
  retrying: {
    state: {
      ...READY,
      activity: busy('retrying', { tokens: 0 }),
      ...showing(
        running('turn-1', [
          user('u1', 'Hello'),
          notice('n1', {
            code: 'retrying',
            level: 'warning',
            text: 'The model is busy.',
            retry: { attempt: 2, maxAttempts: 5, nextAt: NOW + 4000 },
          }),
        ]),
      ),
    },
  },
  demo: {
    state: {
      ...READY,
      model: { handle: 'letta-demo/scripted', label: 'Scripted demo', isDemo: true },
      ...showing(
        turn(
          'turn-1',
          [
            user('u1', 'Explain this selection.', [chip('src/greet.ts', { lines: [1, 4] })]),
            text('x1', 'You selected four lines of `greet.ts`.'),
          ],
          {
            metrics: { ...ENDED, isEstimated: true, outputTokens: 12 },
          },
        ),
      ),
    },
  },
  noGit: {
    state: {
      ...READY,
      key: 'none/new:1',
      agent: null,
      conversation: { id: '', title: '' },
      model: null,
      mode: null,
      blockedReason: 'Kept until Letta is back',
      link: {
        state: 'failed',
        text: 'Git is missing',
        detail: 'Letta keeps its memory in Git. Install it, then try again.',
        actions: ['installGit', 'reconnect'],
      },
    },
    draft: 'My question',
  },
  longContent: {
    state: {
      ...READY,
      agent: { id: 'agent-1', name: 'An agent with a remarkably long name that has to give way' },
      conversation: { id: 'conv-1', title: 'A conversation whose title never seems to come to an end' },
      model: { handle: 'x', label: 'anthropic/claude-sonnet-with-a-very-long-model-name', isDemo: false },
      activity: busy('runningTool'),
      attachments: [
        chip('src/a/very/deep/folder/of/things/aFileWithAVeryLongNameIndeed.test.ts', {
          lines: [1000, 2000],
          cutBytes: 40_000,
        }),
      ],
      ...showing(
        turn('turn-0', [
          user('u0', 'word '.repeat(600)),
          text('x0', 'أهلا بك في المحرر. هذا رد من اليمين إلى اليسار.'),
        ]),
        running('turn-1', [
          user('u1', 'averylongwordwithoutanyspaces'.repeat(6)),
          tool('t0', 'Bash', { command: `cat ${'a/'.repeat(80)}b` }, { output: 'x'.repeat(400) }),
          tool(
            't1',
            'some_external_tool_with_a_long_name',
            { a: { b: [1, 2, 3] } },
            { state: 'running', endedAt: null },
          ),
          text(
            'x1',
            `A line with \`${'codeWithoutSpaces'.repeat(8)}\` and a table:\n\n| a | b | c |\n|---|---|---|\n| ${'wide '.repeat(10)} | ${'cell '.repeat(10)} | x |`,
          ),
        ]),
      ),
    },
    draft: 'line\n'.repeat(14),
  },
} satisfies Readonly<Record<string, PanelCase>>;

export type CaseName = keyof typeof CASES;
export const PANEL_CASES: Readonly<Record<CaseName, PanelCase>> = CASES;
export const CASE_NAMES = Object.keys(CASES) as readonly CaseName[]; // exactly its own keys
