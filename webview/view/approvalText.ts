import { format, type PanelStrings } from '../../src/shared/strings.ts';
import {
  baseName,
  inputMember,
  parseInput,
  toolCommand,
  toolKind,
  toolPath,
} from '../../src/shared/toolInput.ts';
import type { ToolPart } from '../../src/shared/transcript.ts';
import { visible } from '../../src/shared/visible.ts';

const SUBJECT_LENGTH = 120;

/** The input that will run, as the person is asked about it; never the args that streamed before. */
export function approvalInput(part: ToolPart): string {
  return part.approval?.input ?? part.args;
}

export interface ApprovalQuestion {
  readonly question: string;
  /** The command or path, short: for the live region. */
  readonly subject: string;
}

export function approvalQuestion(part: ToolPart, strings: PanelStrings): ApprovalQuestion {
  const asked = { name: part.name, args: approvalInput(part) };
  const short = (text: string): string => visible(text.slice(0, SUBJECT_LENGTH)).text;
  switch (toolKind(part.name)) {
    case 'command':
      return { question: strings.approveCommand, subject: short(toolCommand(asked)) };
    case 'write':
      return { question: strings.approveWrite, subject: short(baseName(toolPath(asked))) };
    case 'edit':
      return { question: strings.approveEdit, subject: short(baseName(toolPath(asked))) };
    case 'read':
    case 'search':
    case 'other':
      return { question: format(strings.approveTool, visible(part.name).text), subject: '' };
  }
}

const DIRECTORY_NAMES = ['cwd', 'workdir', 'directory'] as const;

export function approvalDirectory(input: string): string {
  return inputMember(input, DIRECTORY_NAMES);
}

const SHOWN_APART: Readonly<Record<string, readonly string[]>> = {
  command: ['command', 'cmd', 'script', 'description', ...DIRECTORY_NAMES],
  edit: ['file_path', 'path', 'old_string', 'new_string'],
  write: ['file_path', 'path', 'content'],
};

/** Members of the input that the card does not show in its own way: all of what runs is on the screen. */
export function otherMembers(part: ToolPart): readonly (readonly [string, string])[] {
  const apart = SHOWN_APART[toolKind(part.name)] ?? [];
  const input = parseInput(approvalInput(part)) ?? {};
  return Object.entries(input)
    .filter(([name]) => !apart.includes(name))
    .map(([name, value]) => [name, visible(typeof value === 'string' ? value : JSON.stringify(value)).text]);
}
