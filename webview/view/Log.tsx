import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ScrollAnchor } from '../persisted.ts';
import { FollowScroll } from './followScroll.ts';
import { Turn } from './Turn.tsx';
import { usePanel, useStrings } from './panelContext.ts';
import { useEffectNow } from './useEffectNow.ts';

/** The turns, newest last. Older ones are put above without moving what is read. */
export function Log() {
  const panel = usePanel();
  const strings = useStrings();
  const log = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follow = useRef<FollowScroll | null>(null);
  const turns = panel.store.turns.value;
  const held = heldPlace(useRef<Place | null>(null), turns[0]?.id, follow.current);

  useLayoutEffect(() => {
    if (log.current === null || content.current === null) return undefined;
    const scroll = new FollowScroll(log.current, content.current, panel.isFollowing);
    follow.current = scroll;
    panel.readAnchor = () => scroll.anchor();
    if (panel.restoredAnchor !== null && !panel.isFollowing.peek()) scroll.restore(panel.restoredAnchor);
    return () => {
      scroll.dispose();
      panel.readAnchor = () => null;
    };
  }, [panel]);
  useLayoutEffect(() => {
    if (held !== null) follow.current?.restore(held);
  }, [held]);
  useEffectNow(() => {
    if (panel.isFollowing.value) follow.current?.jump();
  }, [panel]);

  return (
    <div class="log" role="log" aria-label={strings.conversation} aria-live="off" tabIndex={0} ref={log}>
      <div class="turns" ref={content}>
        {panel.store.hasOlder.value && <Earlier />}
        {turns.map((turn) => (
          <Turn key={turn.id} turn={turn} />
        ))}
      </div>
    </div>
  );
}

interface Place {
  readonly firstId: string | undefined;
}

/** The place of reading just before turns are put above it; null in every other render. */
function heldPlace(
  last: { current: Place | null },
  firstId: string | undefined,
  follow: FollowScroll | null,
): ScrollAnchor | null {
  const before = last.current;
  last.current = { firstId };
  if (before === null || before.firstId === firstId || follow === null) return null;
  return follow.anchor();
}

/** The way to older turns. Pressed by a person or reached by scrolling; asked once at a time. */
function Earlier() {
  const { host, isFollowing, store } = usePanel();
  const strings = useStrings();
  const isLoading = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  const load = (): void => {
    if (isLoading.peek() || !store.isLive.peek()) return;
    isLoading.value = true;
    // The page follows as a patch: what is read stays in place even if the end was followed until now.
    isFollowing.value = false;
    host
      .request({ method: 'loadOlder' })
      .catch((error: unknown) => {
        host.report(error);
      })
      .finally(() => {
        isLoading.value = false;
      });
  };
  useLayoutEffect(() => {
    if (button.current === null) return undefined;
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting) && !isFollowing.peek()) load();
    });
    seen.observe(button.current);
    return () => {
      seen.disconnect();
    };
  }, []);
  return (
    <button type="button" class="link earlier" ref={button} aria-disabled={isLoading.value} onClick={load}>
      {isLoading.value ? strings.loadingEarlier : strings.showEarlier}
    </button>
  );
}
