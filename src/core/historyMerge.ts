import { NO_METRICS } from '../shared/transcript.ts';
import type { NoticePart, Outcome, Part, ToolPart, Turn, UserPart } from '../shared/transcript.ts';
import { partIn } from './foldDraft.ts';
import { answeredElsewhere, closedTool, isSettled } from './foldTurns.ts';
import type { HistoryMessage } from './lettaEvent.ts';

/** A turn while messages of a page are put into it. */
interface Building {
  readonly turn: Turn;
  readonly parts: Part[];
  /** It was in the transcript before the page came. */
  readonly isKnown: boolean;
  isInPage: boolean;
}

export interface MergedHistory {
  readonly turns: readonly Turn[];
  /** Ids of the turns the page tells of, oldest first. */
  readonly inPage: readonly string[];
  /** No turn of the page was known although the transcript had some: what lies between is missing. */
  readonly isApart: boolean;
}

/**
 * The server's messages laid over what is known: known turns and parts keep their identity, times, outcomes and
 * approvals and get the server's text; what the server has not (a stopped reply, a message on its way) stays where it is.
 */
export function mergeHistory(
  turns: readonly Turn[],
  messages: readonly HistoryMessage[],
  runningTurnId: string | null,
): MergedHistory {
  const merge = new Merge(turns, messages);
  for (const [index, message] of messages.entries()) merge.take(message, index);
  return merge.finish(runningTurnId);
}

class Merge {
  readonly #messages: readonly HistoryMessage[];
  #list: Building[];
  /** Where the last message went. */
  #cursor: Building | null = null;
  #lastPartId: string | null = null;
  #lastUser: UserPart | null = null;
  /** Turns of the page before the first known one. */
  #leading: Building[] = [];

  constructor(turns: readonly Turn[], messages: readonly HistoryMessage[]) {
    this.#messages = messages;
    this.#list = turns.map((turn) => ({ turn, parts: [...turn.parts], isKnown: true, isInPage: false }));
  }

  take(message: HistoryMessage, index: number): void {
    switch (message.kind) {
      case 'user':
        this.#takeUser(message, index);
        return;
      case 'text':
        this.#place({ kind: 'text', id: message.id, text: message.text }, (old) => ({
          ...old,
          text: message.text,
        }));
        break;
      case 'reasoning':
        this.#place(
          { kind: 'reasoning', id: message.id, text: message.text, startedAt: null, endedAt: null },
          (old) => ({ ...old, text: message.text }),
        );
        break;
      case 'toolCall':
        this.#place(newTool(message.callId, message.name, message.args), (old) => ({
          ...old,
          name: message.name,
          args: message.args,
        }));
        break;
      case 'toolReturn':
        this.#takeReturn(message);
        break;
      case 'compacted':
        this.#takeNotice(
          message.id,
          'compacted',
          'Older messages were summed up to make room.',
          message.summary,
        );
        break;
      case 'unknown':
        this.#takeNotice(message.id, 'unknown', message.name, message.json);
        break;
    }
    this.#lastUser = null;
  }

  finish(runningTurnId: string | null): MergedHistory {
    const isFound = this.#list.some((building) => building.isKnown && building.isInPage);
    if (!isFound) this.#putLeadingLast();
    return {
      turns: this.#list.map((building) => finished(building, runningTurnId)),
      inPage: this.#list.filter((building) => building.isInPage).map((building) => building.turn.id),
      isApart: !isFound && this.#list.some((building) => building.isKnown && building.turn.state === 'ended'),
    };
  }

  /** Nothing of the page is known: it stands before what has not reached the server yet. */
  #putLeadingLast(): void {
    const index = this.#list.findIndex((building) => building.turn.state !== 'ended');
    const at = index < 0 ? this.#list.length : index;
    this.#list = [...this.#list.slice(0, at), ...this.#leading, ...this.#list.slice(at)];
    this.#leading = [];
  }

  #takeUser(message: Extract<HistoryMessage, { kind: 'user' }>, index: number): void {
    const id = message.clientId ?? message.id;
    const part: UserPart = {
      kind: 'user',
      id,
      text: message.text,
      attachments: message.attachments,
      delivery: 'sent',
      origin: message.origin,
    };
    const known = this.#holder('user', id);
    if (known !== null) {
      this.#goTo(known);
      this.#replace(known, 'user', id, (old) => ({ ...old, delivery: 'sent' }));
    } else if (this.#begin(part)) {
      // A turn that was seen without its prompt has it now.
    } else if (this.#isRetryCopy(part, index)) {
      return;
    } else if (this.#lastUser !== null && this.#cursor?.isKnown === false) {
      this.#insert(this.#cursor, part);
    } else {
      this.#open(part);
    }
    this.#lastUser = part;
    this.#lastPartId = part.id;
  }

  /** True: a known turn has the prompt's name and not the prompt, another window began it. */
  #begin(part: UserPart): boolean {
    const begun = this.#list.find(({ turn, isKnown }) => isKnown && turn.id === part.id);
    // One that was named after its first part is another matter.
    if (begun?.parts.every((other) => other.id !== part.id && other.kind !== 'user') !== true) return false;
    this.#goTo(begun);
    begun.parts.unshift(part);
    return true;
  }

  /**
   * A retried turn puts the person's message into history once more (PROTOCOL b.14). It is the same message where no
   * reply stands between, or where what follows is known to belong to the turn of the first one.
   */
  #isRetryCopy(part: UserPart, index: number): boolean {
    const cursor = this.#cursor;
    if (cursor === null) return false;
    if (this.#lastUser !== null) return isSameMessage(this.#lastUser, part);
    const first = cursor.parts.findLast((other) => other.kind === 'user');
    if (first === undefined || !isSameMessage(first, part)) return false;
    const next = this.#messages.slice(index + 1).find((message) => message.kind !== 'user');
    return next !== undefined && this.#holderOf(next) === cursor;
  }

  #holderOf(message: HistoryMessage): Building | null {
    switch (message.kind) {
      case 'text':
      case 'reasoning':
        return this.#holder(message.kind, message.id);
      case 'toolCall':
      case 'toolReturn':
        return this.#holder('tool', message.callId);
      case 'user':
      case 'compacted':
      case 'unknown':
        return null;
    }
  }

  #takeReturn(message: Extract<HistoryMessage, { kind: 'toolReturn' }>): void {
    const { callId, isError, output } = message;
    const part: ToolPart = { ...newTool(callId, 'tool', ''), output, state: isError ? 'failed' : 'done' };
    this.#place(part, (old) => returned(old, isError, output));
  }

  #takeNotice(id: string, code: NoticePart['code'], text: string, detail: string): void {
    const isShown = this.#list.some((building) =>
      building.parts.some((part) => part.kind === 'notice' && part.code === code && part.detail === detail),
    );
    if (isShown) return;
    const part: NoticePart = {
      kind: 'notice',
      id,
      code,
      level: 'info',
      text,
      detail,
      retry: null,
      actions: [],
    };
    this.#place(part, (old) => old);
  }

  #place<P extends Part>(part: P, change: (old: P) => P): void {
    const known = this.#holder(part.kind, part.id);
    if (known === null) {
      if (this.#cursor === null) this.#open(part);
      else this.#insert(this.#cursor, part);
    } else {
      this.#goTo(known);
      // The holder was found by the part's kind, so what is replaced has the type of `part`.
      this.#replace(known, part.kind, part.id, (old) => change(old as P));
    }
    this.#lastPartId = part.id;
  }

  #replace(building: Building, kind: Part['kind'], id: string, change: (old: Part) => Part): void {
    const index = building.parts.findLastIndex((part) => part.kind === kind && part.id === id);
    const old = building.parts[index];
    if (old !== undefined) building.parts[index] = change(old);
  }

  /** After the message before it, wherever that stands in the turn. */
  #insert(building: Building, part: Part): void {
    const own = building.parts.some((other) => other.id === part.id)
      ? { ...part, id: `${part.kind}|${part.id}` }
      : part;
    const after = building.parts.findLastIndex((other) => other.id === this.#lastPartId);
    building.parts.splice(after < 0 ? building.parts.length : after + 1, 0, own);
  }

  #open(part: Part): void {
    const taken = new Set([...this.#list, ...this.#leading].map((building) => building.turn.id));
    let id = part.id;
    while (taken.has(id)) id += "'";
    const turn: Turn = { id, state: 'ended', outcome: null, parts: [], metrics: NO_METRICS };
    const building: Building = { turn, parts: [part], isKnown: false, isInPage: true };
    const index = this.#cursor === null ? -1 : this.#list.indexOf(this.#cursor);
    if (index < 0) this.#leading.push(building);
    else this.#list.splice(index + 1, 0, building);
    this.#cursor = building;
  }

  #goTo(known: Building): void {
    if (this.#leading.length > 0) {
      const index = this.#list.indexOf(known);
      if (index >= 0) {
        this.#list.splice(index, 0, ...this.#leading);
        this.#leading = [];
      }
    }
    known.isInPage = true;
    this.#cursor = known;
  }

  #holder(kind: Part['kind'], id: string): Building | null {
    const all = [...this.#list, ...this.#leading];
    return (
      all.findLast((building) => partIn({ ...building.turn, parts: building.parts }, kind, id) !== null) ??
      null
    );
  }
}

function newTool(id: string, name: string, args: string): ToolPart {
  return {
    kind: 'tool',
    id,
    name,
    args,
    state: 'announced',
    output: '',
    startedAt: null,
    endedAt: null,
    approval: null,
  };
}

function returned(tool: ToolPart, isError: boolean, output: string): ToolPart {
  if (tool.state === 'denied' || (tool.state === 'stopped' && isError)) return { ...tool, output };
  const approval = answeredElsewhere(tool.approval);
  return { ...tool, output, approval, state: isError ? 'failed' : 'done' };
}

function isSameMessage(a: UserPart, b: UserPart): boolean {
  return (
    a.text === b.text &&
    a.origin === b.origin &&
    a.attachments.length === b.attachments.length &&
    a.attachments.every((attachment, index) => attachment.path === b.attachments[index]?.path)
  );
}

/** A turn that only history tells of is over, and how it ended is known only as far as it has a reply. */
function finished(building: Building, runningTurnId: string | null): Turn {
  const { turn, parts, isKnown } = building;
  if (!building.isInPage) return turn;
  if (turn.state !== 'ended' || turn.id === runningTurnId) return { ...turn, parts };
  const hasReply = parts.some((part) => part.kind === 'text' || part.kind === 'tool');
  const outcome: Outcome | null = isKnown ? turn.outcome : hasReply ? { kind: 'completed' } : null;
  const closed = parts.map((part) =>
    part.kind === 'tool' && !isSettled(part) ? closedTool(part, null, null) : part,
  );
  return { ...turn, outcome, parts: closed };
}
