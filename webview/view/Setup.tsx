import type { ComponentChildren } from 'preact';
import type { SetupChoice, SetupView } from '../../src/shared/panel.ts';
import { Icon } from './Icon.tsx';
import { usePanel, useStrings } from './panelContext.ts';

const GROUPS = ['agents', 'found', 'connect'] as const;

/** First run: what was found, each ready or one fix away. The composer below works meanwhile. */
export function Setup({ setup }: { readonly setup: SetupView }) {
  const strings = useStrings();
  const asksForAgent = setup.choices.some(({ group }) => group === 'agents');
  const titles = { agents: strings.setupAgents, found: strings.setupFound, connect: strings.setupConnect };
  return (
    <section class="empty" aria-label={strings.conversation}>
      <h2>{strings.emptyTitleNoAgent}</h2>
      <p>{asksForAgent ? strings.setupTextAgents : strings.setupText}</p>
      {GROUPS.map((group) => (
        <ChoiceList
          key={group}
          title={titles[group]}
          choices={setup.choices.filter((choice) => choice.group === group)}
        >
          {/* There as long as the list is: a live region says only what comes into it later. */}
          {group === 'found' && (
            <p role="status" class="looking">
              {setup.isLooking ? strings.setupLooking : ''}
            </p>
          )}
        </ChoiceList>
      ))}
    </section>
  );
}

function ChoiceList({
  title,
  choices,
  children,
}: {
  readonly title: string;
  readonly choices: readonly SetupChoice[];
  readonly children?: ComponentChildren;
}) {
  if (choices.length === 0) return <>{children}</>;
  return (
    <>
      <h3>{title}</h3>
      <ul class="choices" aria-label={title}>
        {choices.map((choice) => (
          <li key={choice.id}>
            <Choice choice={choice} />
          </li>
        ))}
      </ul>
      {children}
    </>
  );
}

function Choice({ choice }: { readonly choice: SetupChoice }) {
  const { host } = usePanel();
  const isBusy = choice.state === 'busy';
  return (
    <button
      type="button"
      class="choice"
      aria-disabled={isBusy}
      onClick={() => {
        if (!isBusy) host.post({ type: 'choose', choiceId: choice.id });
      }}
    >
      <Icon name={isBusy ? 'loading' : choice.icon} />
      <span class="words">
        <span class="label" dir="auto">
          {choice.label}
        </span>
        {choice.stateText !== '' && (
          <span class="state">
            {choice.state === 'ready' && <Icon name="check" />}
            {choice.state === 'needsFix' && <Icon name="wrench" />}
            {choice.stateText}
          </span>
        )}
        {choice.detail !== '' && <small dir="auto">{choice.detail}</small>}
      </span>
    </button>
  );
}
