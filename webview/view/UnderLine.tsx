import type { PermissionMode } from '../../src/shared/panel.ts';
import type { PanelStrings } from '../../src/shared/strings.ts';
import { Icon } from './Icon.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** Below the composer: why the text is held back, else what the agent may do and where it works. */
export function UnderLine() {
  const { host, store } = usePanel();
  const strings = useStrings();
  const mode = store.mode.value;
  const reason = store.blockedReason.value;
  if (reason !== '') {
    return (
      <div class="under">
        <Icon name="info" />
        <span>{reason}</span>
      </div>
    );
  }
  return (
    <div class="under">
      {mode !== null && (
        <span class="fact">
          <Icon name="shield" />
          <span class="clip">{modeText(mode, strings)}</span>
        </span>
      )}
      {store.place.value !== '' && (
        <span class="fact">
          <Icon name="vm" />
          <span class="clip place">{store.place.value}</span>
        </span>
      )}
      {store.model.value?.isDemo === true && (
        <button
          type="button"
          class="link"
          onClick={() => {
            host.post({ type: 'choose', choiceId: 'connectModel' });
          }}
        >
          {strings.connectRealModel}
        </button>
      )}
    </div>
  );
}

function modeText(mode: PermissionMode, strings: PanelStrings): string {
  switch (mode) {
    case 'standard':
      return strings.modeStandard;
    case 'acceptEdits':
      return strings.modeAcceptEdits;
    case 'unrestricted':
      return strings.modeUnrestricted;
    case 'strict':
      return strings.modeStrict;
  }
}
