import type { SetupChoice, SetupView } from '../../src/shared/panel.ts';
import { Icon } from './Icon.tsx';
import { usePanel, useStrings } from './panelContext.ts';

/** First run: what was found, each ready or one fix away. The composer below works meanwhile. */
export function Setup({ setup }: { readonly setup: SetupView }) {
  const strings = useStrings();
  return (
    <section class="empty" aria-label={strings.conversation}>
      <h2>{strings.emptyTitleNoAgent}</h2>
      <p>{strings.setupText}</p>
      <ChoiceList
        title={strings.setupFound}
        choices={setup.choices.filter(({ group }) => group === 'found')}
      />
      <ChoiceList
        title={strings.setupConnect}
        choices={setup.choices.filter(({ group }) => group === 'connect')}
      />
    </section>
  );
}

function ChoiceList({
  title,
  choices,
}: {
  readonly title: string;
  readonly choices: readonly SetupChoice[];
}) {
  if (choices.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      {choices.map((choice) => (
        <Choice key={choice.id} choice={choice} />
      ))}
    </>
  );
}

function Choice({ choice }: { readonly choice: SetupChoice }) {
  const { host } = usePanel();
  return (
    <button
      type="button"
      class="choice"
      onClick={() => {
        host.post({ type: 'choose', choiceId: choice.id });
      }}
    >
      <Icon name={choice.icon} />
      <span class="label">{choice.label}</span>
      {choice.stateText !== '' && (
        <span class="state">
          {choice.state === 'ready' && <Icon name="check" />}
          {choice.stateText}
        </span>
      )}
      {choice.detail !== '' && <small>{choice.detail}</small>}
    </button>
  );
}
