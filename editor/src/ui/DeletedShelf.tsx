/** Under the shelf: projects that were deleted and can still be restored. Empty for who owns none. */
import { useEffect, useState } from 'preact/hooks';
import { type Deleted, deletedProjects, restoreProject } from '../api/deletion';
import { wordsFor } from '../api/operations';
import { untilWords } from '../story/deletedWords';
import { navigate, pathTo } from '../story/router';
import { say } from '../story/toasts';

export function DeletedShelf() {
  const [rows, setRows] = useState<readonly Deleted[]>([]);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    // Holders of links own nothing here, and are refused: they see no list.
    deletedProjects().then(setRows, () => setRows([]));
  }, []);
  if (rows.length === 0) return null;
  const restore = async (row: Deleted): Promise<void> => {
    setBusy(true);
    try {
      await restoreProject(row.id);
      navigate(pathTo(row.id));
    } catch (cause) {
      say(wordsFor(cause), 'bad');
      setBusy(false);
    }
  };
  return (
    <section class="deleted" aria-labelledby="deleted-head" data-testid="deleted-projects">
      <h2 id="deleted-head">Deleted</h2>
      <ul>
        {rows.map((row) => (
          <li key={row.id}>
            <span class="deleted-title" dir="auto">
              {row.title || 'Untitled'}
            </span>
            <span class="deleted-until">{untilWords(row.erasedAt, Date.now())}</span>
            <button type="button" class="quiet small" disabled={busy} onClick={() => void restore(row)}>
              Restore<span class="unseen"> {row.title}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
