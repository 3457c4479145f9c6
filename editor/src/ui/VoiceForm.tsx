/** How somebody sounds: three words and a short recording. Enter saves, Escape leaves it as it was. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { type SetVoice, setVoice, upload } from '../api/whoAndWhere';
import type { Story } from '../story/story';

const WORDS_CHARS_MAX = 80;
const FIELDS = [
  { name: 'timbre', label: 'Timbre', like: 'gravelly, low' },
  { name: 'accent', label: 'Accent', like: 'Irish' },
  { name: 'pace', label: 'Pace', like: 'slow, halting' },
] as const;

interface Props {
  story: Story;
  castId: string;
  voice: SetVoice | null;
  attempt: (work: () => Promise<unknown>) => Promise<void>;
  busy: boolean;
  done: () => void;
}

export function VoiceForm({ story, castId, voice, attempt, busy, done }: Props) {
  const form = useRef<HTMLFormElement>(null);
  useLayoutEffect(() => {
    const element = form.current;
    const leave = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      event.preventDefault(); // else the sheet around it would close
      event.stopPropagation();
      done();
    };
    element?.addEventListener('keydown', leave);
    element?.querySelector('input')?.focus();
    return () => element?.removeEventListener('keydown', leave);
  }, []);
  const save = async (): Promise<void> => {
    if (form.current === null || busy) return;
    const given = new FormData(form.current);
    const said = (name: string): string => String(given.get(name) ?? '').trim();
    const file = given.get('sample');
    await attempt(async () => {
      const fresh = file instanceof File && file.size > 0 ? await upload(file.name, file) : null;
      const kept = given.get('forget') === null ? (voice?.sampleKey ?? null) : null;
      await setVoice(story.id, castId, { timbre: said('timbre'), accent: said('accent'), pace: said('pace'), key: fresh ?? kept });
      done();
    });
  };
  return (
    <form
      ref={form}
      class="who-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {FIELDS.map(({ name, label, like }) => (
        <label key={name} class="field">
          <span>{label}</span>
          <input name={name} defaultValue={voice?.[name] ?? ''} placeholder={like} maxLength={WORDS_CHARS_MAX} autocomplete="off" dir="auto" />
        </label>
      ))}
      <label class="field who-sample">
        <span>A recording, at most 30 seconds</span>
        <input type="file" name="sample" accept="audio/wav,audio/mpeg,audio/ogg,audio/mp4,.wav,.mp3,.ogg,.m4a" />
      </label>
      {voice?.sampleUrl != null && (
        <label class="who-forget">
          <input type="checkbox" name="forget" /> Take the recording away
        </label>
      )}
      <div class="who-acts">
        <button type="submit" class="primary small" aria-busy={busy}>
          {busy ? 'Saving …' : 'Save'}
        </button>
        <button type="button" class="quiet small" onClick={done}>
          Leave it
        </button>
      </div>
    </form>
  );
}
