import type { LinkView } from '../shared/panel.ts';
import type { NoticeAction } from '../shared/transcript.ts';
import type { HubState } from './hub.ts';
import type { LettaError } from './lettaConnection.ts';

/** The way to the server in words, with what helps. */
export function linkView(state: HubState): LinkView {
  switch (state.kind) {
    case 'idle':
    case 'connecting':
      return { state: 'starting', text: 'Starting Letta…', detail: '', retryAt: null, actions: [] };
    case 'ready':
      return { state: 'ready', text: '', detail: '', retryAt: null, actions: [] };
    case 'restarting':
      return {
        state: 'reconnecting',
        text: `Letta stopped and is being started again (attempt ${String(state.attempt)} of 3).`,
        detail: state.message,
        retryAt: null,
        actions: ['showLog'],
      };
    case 'waiting':
      return {
        state: 'reconnecting',
        text: state.error.message,
        detail: '',
        retryAt: state.retryAt,
        actions: ['reconnect', 'showLog'],
      };
    case 'failed':
      return {
        state: 'failed',
        text: state.error.message,
        detail: '',
        retryAt: null,
        actions: failureActions(state.error),
      };
  }
}

function failureActions(error: LettaError): readonly NoticeAction[] {
  switch (error.reason) {
    case 'gitMissing':
      return ['installGit', 'reconnect'];
    case 'unauthorised':
      return ['fixKey', 'reconnect'];
    case 'runtimeGaveUp':
    case 'runtimeMissing':
    case 'unreachable':
    case 'timeout':
    case 'connectionLost':
    case 'notFound':
    case 'protocol':
    case 'refused':
      return ['reconnect', 'showLog'];
  }
}
