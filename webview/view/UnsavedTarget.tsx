import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { format } from '../../src/shared/strings.ts';
import { baseName } from '../../src/shared/toolInput.ts';
import { visible } from '../../src/shared/visible.ts';
import { Icon } from './Icon.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** Saving has no answer of its own: the state is asked again after these delays until it is saved. */
const RECHECK_MS = [150, 400, 1000, 2500] as const;

/** Says when the file to be written has unsaved changes, and offers to save them first. */
export function UnsavedTarget({ path }: { readonly path: string }) {
  const { host } = usePanel();
  const strings = useStrings();
  const isDirty = useSignal(false);
  const rechecks = useSignal(0);
  useEffect(() => {
    let isOver = false;
    const check = (): void => {
      host
        .request({ method: 'fileState', path })
        .then((value) => {
          if (!isOver) isDirty.value = isDirtyState(value);
        })
        .catch((error: unknown) => {
          host.report(error);
        });
    };
    check();
    const cancels = rechecks.value === 0 ? [] : RECHECK_MS.map((delayMs) => host.later(delayMs, check));
    window.addEventListener('focus', check);
    return () => {
      isOver = true;
      for (const cancel of cancels) cancel();
      window.removeEventListener('focus', check);
    };
  }, [path, rechecks.value]);
  if (!isDirty.value) return null;
  return (
    <div class="unsaved">
      <Icon name="warning" tone="warn" />
      <span>{format(strings.unsavedTarget, visible(baseName(path)).text)}</span>
      <button
        type="button"
        class="link"
        onClick={() => {
          host.post({ type: 'saveFile', path });
          rechecks.value++;
        }}
      >
        {strings.saveFirst}
      </button>
    </div>
  );
}

function isDirtyState(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'isDirty' in value && value.isDirty === true;
}
