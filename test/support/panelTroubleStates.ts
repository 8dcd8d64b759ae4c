import {
  busy,
  chip,
  ENDED,
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
  type PanelCase,
} from './panelParts.ts';

/** Turns that ended otherwise than hoped, servers that are away, and texts that do not fit. */
export const TROUBLE_CASES = {
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
          actions: ['continueInFork', 'restartRuntime'],
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
  notKept: {
    state: {
      ...READY,
      ...showing(
        turn(
          'turn-1',
          [
            {
              kind: 'user',
              id: 'u1',
              text: 'Write a long story.',
              attachments: [],
              delivery: 'notKept',
              origin: 'person',
            },
            text('x1', 'Once upon a time there was'),
            notice('n1', {
              code: 'interrupted',
              level: 'warning',
              text: 'This window was closed or restarted while the reply was being written.',
              actions: ['continue'],
            }),
          ],
          { outcome: { kind: 'interrupted', message: '' } },
        ),
      ),
    },
  },

  reconnecting: {
    state: {
      ...READY,
      link: {
        state: 'reconnecting',
        text: 'The connection to Letta was lost.',
        detail: '',
        retryAt: NOW + 4_000,
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
        retryAt: null,
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
