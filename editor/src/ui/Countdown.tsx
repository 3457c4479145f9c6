/** How long people have until the votes decide. A timer, so that screen readers read it when asked and not each second. */
import { useEffect, useState } from 'preact/hooks';
import { leftWords, tickMs } from '../story/boardWords';

export function Countdown({ until }: { until: string }) {
  const end = Date.parse(until);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setTimeout(() => setNow(Date.now()), tickMs(end - now));
    return () => clearTimeout(timer);
  }, [end, now]);
  const left = end - now;
  return (
    <p class="countdown" role="timer" data-testid="countdown" data-near={left < 90_000}>
      {left > 0 ? `The votes decide in ${leftWords(left)}` : 'The votes decide now'}
    </p>
  );
}
