import { format, type PanelStrings } from '../../src/shared/strings.ts';
import { toolKind, toolSubject } from '../../src/shared/toolInput.ts';
import type { ToolPart } from '../../src/shared/transcript.ts';
import { visible } from '../../src/shared/visible.ts';

/** The words of a tool's row around its subject. */
export interface ToolTitle {
  readonly before: string;
  readonly subject: string;
  readonly after: string;
  /** A command or pattern in the editor's font, or words that stand out. */
  readonly style: 'code' | 'strong' | 'plain';
}

const SUBJECT_LENGTH = 200;

export function toolTitle(part: ToolPart, strings: PanelStrings): ToolTitle {
  const kind = toolKind(part.name);
  const found = toolSubject(part).split('\n', 1)[0] ?? '';
  const name = visible(part.name).text;
  const subject = visible(found.slice(0, SUBJECT_LENGTH)).text;
  const style = subject === '' || (kind !== 'command' && kind !== 'search') ? 'strong' : 'code';
  switch (part.state) {
    case 'waitingForApproval':
      return { before: `${name}: `, subject: strings.waitingForYou, after: '', style: 'strong' };
    case 'denied':
      // By the server's own rules: the person was not asked.
      if (part.approval === null) return split(strings.toolRefused, name, 'plain');
      return part.approval.reason !== ''
        ? split(format(strings.toolDeniedReason, '{0}', visible(part.approval.reason).text), name, 'plain')
        : split(strings.toolDenied, name, 'plain');
    case 'failed':
      return split(strings.toolFailed, subject || name, style);
    case 'stopped':
      return split(strings.toolStopped, subject || name, style);
    case 'announced':
    case 'allowed':
    case 'running':
    case 'done':
      if (subject === '') return split(otherTemplate(part.state, strings), name, 'strong');
      return split(templates(part, strings), subject, style);
  }
}

function split(template: string, subject: string, style: ToolTitle['style']): ToolTitle {
  const at = template.indexOf('{0}');
  if (at < 0) return { before: template, subject: '', after: '', style };
  return { before: template.slice(0, at), subject, after: template.slice(at + 3), style };
}

function templates(part: ToolPart, strings: PanelStrings): string {
  const isDone = part.state === 'done';
  const isPreparing = part.state === 'announced';
  switch (toolKind(part.name)) {
    case 'command':
      if (isPreparing) return strings.otherPreparing;
      if (part.state === 'allowed') return strings.commandAllowed;
      return isDone ? strings.commandDone : strings.commandRunning;
    case 'read':
      return isDone ? strings.readOne : strings.readingOne;
    case 'edit':
      if (isPreparing) return strings.editPreparing;
      return isDone ? strings.editDone : strings.editRunning;
    case 'write':
      if (isPreparing) return strings.writePreparing;
      return isDone ? strings.writeDone : strings.writeRunning;
    case 'search':
      return isDone ? strings.searchDone : strings.searchRunning;
    case 'other':
      return otherTemplate(part.state, strings);
  }
}

function otherTemplate(state: ToolPart['state'], strings: PanelStrings): string {
  if (state === 'announced') return strings.otherPreparing;
  return state === 'done' ? strings.otherDone : strings.otherRunning;
}

interface StateIcon {
  readonly icon?: string;
  readonly tone?: 'bad' | 'warn';
}

export function toolIcon(part: ToolPart): StateIcon {
  switch (part.state) {
    case 'waitingForApproval':
      return { icon: 'circle-large-outline', tone: 'warn' };
    case 'failed':
      return { icon: 'error', tone: 'bad' };
    case 'denied':
      return { icon: 'circle-slash' };
    case 'stopped':
      return { icon: 'debug-stop' };
    case 'announced':
    case 'allowed':
    case 'running':
    case 'done':
      return {};
  }
}
