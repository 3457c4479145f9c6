/** Everything the desk can do, by typing. Also the one place where the shortcuts are written down. */
import { signal } from '@preact/signals';
import { useId, useRef, useState } from 'preact/hooks';
import type { Story } from '../story/story';
import { type Command, commandsOf } from './commands';
import { Sheet } from './Sheet';

export const paletteOpen = signal(false);

function close(): void {
  paletteOpen.value = false;
}

export function CommandPalette({ story }: { story: Story }) {
  return paletteOpen.value ? <Palette story={story} /> : null;
}

function Palette({ story }: { story: Story }) {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const found = commandsOf(story, query.trim()).filter((command) => matches(command.label, query));
  const active = found[Math.min(at, found.length - 1)];
  const run = (command: Command | undefined): void => {
    close();
    // After the sheet has closed, so that focus is back where it was.
    if (command !== undefined) setTimeout(command.run);
  };
  const step = (by: number): void => {
    const next = (Math.min(at, found.length - 1) + by + found.length) % Math.max(1, found.length);
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <Sheet title="Commands" class="palette" onClose={close}>
      <input
        class="palette-query"
        role="combobox"
        aria-label="Find a command or a scene"
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={active ? `${listId}-${active.id}` : undefined}
        placeholder="Find a command or a scene"
        autocomplete="off"
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') step(1);
          else if (event.key === 'ArrowUp') step(-1);
          else if (event.key === 'Enter') run(active);
          else return;
          event.preventDefault();
        }}
      />
      <div class="palette-list" id={listId} role="listbox" aria-label="Commands" ref={list}>
        {found.map((command) => (
          <div
            key={command.id}
            id={`${listId}-${command.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={command === active}
            class="palette-item"
            onClick={() => run(command)}
            onKeyDown={(event) => event.key === 'Enter' && run(command)}
          >
            <span dir="auto">{command.label}</span>
            {command.keys !== undefined && <kbd>{command.keys}</kbd>}
          </div>
        ))}
      </div>
      {found.length === 0 && <p class="palette-none">Nothing by that name.</p>}
    </Sheet>
  );
}

const matches = (label: string, query: string): boolean => {
  const hay = label.toLocaleLowerCase();
  return query
    .toLocaleLowerCase()
    .split(/\s+/u)
    .every((word) => hay.includes(word));
};
