/** Chooses the page: signed out, the list of projects, or one project. At most one Story is open at a time. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { signedOut } from '../api/graphql';
import { me } from '../api/operations';
import { identity, lendName } from '../collab/people';
import { route } from '../story/router';
import { say } from '../story/toasts';
import type { Story } from '../story/story';
import { Home } from './Home';
import { ImportSheet } from './ImportSheet';
import { SignedOut } from './SignedOut';
import { Toasts } from './Toasts';
import { catchDrops } from './importing';

export function App() {
  const { projectId } = route.value;
  const open = useProject(signedOut.value ? null : projectId);
  useEffect(catchDrops, []);
  if (signedOut.value) return <SignedOut />;
  return (
    <>
      {open === null ? projectId === null && <Home /> : <open.Desk story={open.story} />}
      <ImportSheet />
      <Toasts />
    </>
  );
}

/** Rooms are joined under a name; without a chosen one, the account's. */
async function borrowName(): Promise<void> {
  if (identity.peek().name) return;
  try {
    lendName((await me()).name);
  } catch {
    // Signed out or away: the page says so by itself, and the rooms will show no name.
  }
}

interface OpenProject {
  story: Story;
  Desk: (props: { story: Story }) => JSX.Element;
}

/** The desk (editor, documents, sockets) is a chunk of its own: the list of projects shows before it is loaded. */
function useProject(projectId: string | null): OpenProject | null {
  const [open, setOpen] = useState<OpenProject | null>(null);
  useEffect(() => {
    let story: Story | undefined;
    let left = false;
    setOpen(null);
    const load = async (id: string): Promise<void> => {
      const [chunk] = await Promise.all([import('./project'), borrowName()]);
      if (left) return;
      story = new chunk.Story(id);
      setOpen({ story, Desk: chunk.Desk });
    };
    if (projectId !== null) load(projectId).catch(() => say('The page could not load all of itself. Reload it.', 'bad'));
    return () => {
      left = true;
      story?.close();
    };
  }, [projectId]);
  return open?.story.id === projectId ? open : null;
}
