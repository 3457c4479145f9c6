/** The bar on top: where we are, who is here, and whether the words are safe. */
import { useState } from 'preact/hooks';
import { navigate } from '../story/router';
import type { Story } from '../story/story';
import { paletteOpen } from './CommandPalette';
import { Avatars } from './Avatars';
import { SaveLight } from './SaveLight';
import { mayShare, mayWrite } from '../story/role';
import { modKey } from './keys';
import { sharing } from './sharing';

export function TopBar({ story }: { story: Story }) {
  return (
    <header class="top">
      <a
        class="top-mark"
        href="/"
        aria-label="All projects"
        onClick={(event) => {
          event.preventDefault();
          navigate('/');
        }}
      >
        <img src="/mark.svg" alt="" width="26" height="26" />
      </a>
      <ProjectTitle story={story} />
      <span class="top-gap" />
      <Avatars story={story} />
      <SaveLight story={story} />
      {mayShare.value && (
        <button class="quiet" type="button" onClick={() => (sharing.value = true)} data-testid="share">
          Share
        </button>
      )}
      <button class="quiet" type="button" onClick={() => (paletteOpen.value = true)} data-testid="open-palette">
        Commands <kbd>{modKey}K</kbd>
      </button>
    </header>
  );
}

function ProjectTitle({ story }: { story: Story }) {
  const [editing, setEditing] = useState(false);
  const title = story.title.value;
  if (!mayWrite.value) return <h1 class="top-title">{title || 'Opening…'}</h1>;
  if (!editing) {
    return (
      <h1 class="top-title">
        <button type="button" class="bare" title="Rename" onClick={() => setEditing(true)} data-testid="project-title">
          {title || 'Opening…'}
        </button>
      </h1>
    );
  }
  const finish = (value: string | null): void => {
    if (value !== null) story.rename(value);
    setEditing(false);
  };
  return (
    <input
      class="top-rename"
      aria-label="Project title"
      defaultValue={title}
      ref={(input) => {
        if (input !== null && document.activeElement !== input) input.select();
      }}
      onBlur={(event) => finish(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') finish(event.currentTarget.value);
        if (event.key === 'Escape') finish(null);
      }}
    />
  );
}
