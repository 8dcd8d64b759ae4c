import { useSignal } from '@preact/signals';
import { DEMO_PROMPTS } from '../../src/shared/demoPrompts.ts';
import { Icon } from './Icon.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** What can be tried with the scripted demo; each is sent as if it had been typed. */
export function DemoPrompts() {
  const panel = usePanel();
  const strings = useStrings();
  const isSent = useSignal(false);
  const prompts = [
    { icon: 'terminal', label: strings.demoTryTool, text: DEMO_PROMPTS.tool },
    { icon: 'list-unordered', label: strings.demoTryLong, text: DEMO_PROMPTS.long },
    { icon: 'debug-disconnect', label: strings.demoTryDrop, text: DEMO_PROMPTS.drop },
    { icon: 'book', label: strings.demoTryMemory, text: DEMO_PROMPTS.memory },
  ];
  return (
    <>
      <h3>{strings.demoTry}</h3>
      <ul class="choices" aria-label={strings.demoTry}>
        {prompts.map(({ icon, label, text }) => (
          <li key={text}>
            <button
              type="button"
              class="choice"
              aria-disabled={isSent.value}
              onClick={() => {
                // Twice in a row is once too often.
                if (!isSent.peek()) isSent.value = panel.send(text);
              }}
            >
              <Icon name={icon} />
              <span class="label">{label}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
