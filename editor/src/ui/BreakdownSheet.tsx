/** The script supervisor's breakdown: every scene with its day, people, things and clothes; a row leads to its scene. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { breakdownFile, breakdownSheet, type SheetItem, type SheetScene } from '../api/breakdown';
import { wordsFor } from '../api/operations';
import { itemWords, setWords, sheetSummary, sinceWords, skyWords } from '../story/breakdownWords';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import '../styles/breakdown.css';
import { Sheet } from './Sheet';
import { breakingDown } from './sharing';

const told = signal<SheetScene[] | null>(null);
const problem = signal('');

const close = (): void => {
  breakingDown.value = false;
};

async function refresh(story: Story): Promise<void> {
  problem.value = '';
  try {
    told.value = await breakdownSheet(story.id);
  } catch (cause) {
    problem.value = wordsFor(cause);
  }
}

export function BreakdownSheet({ story }: { story: Story }) {
  const open = breakingDown.value;
  useEffect(() => {
    told.value = null;
    if (open) void refresh(story);
  }, [open, story]);
  if (!open) return null;
  const scenes = told.value;
  return (
    <Sheet title="Breakdown" class="breakdown-sheet" onClose={close}>
      {scenes === null && problem.value === '' && <span class="ghost cache-ghost" role="status" aria-label="Reading the script" />}
      {problem.value !== '' && (
        <p class="field-errors" role="alert">
          {problem.value}{' '}
          <button type="button" class="quiet small" onClick={() => void refresh(story)}>
            Try again
          </button>
        </p>
      )}
      {scenes !== null && (
        <>
          <p class="breakdown-sum" data-testid="breakdown-summary">
            {sheetSummary(scenes)}
          </p>
          {scenes.length > 0 && <Scenes story={story} scenes={scenes} />}
        </>
      )}
      <div class="form-end">
        {scenes !== null && scenes.length > 0 && (
          <>
            <a class="quiet" href={breakdownFile(story.id, 'csv')} download>
              Save as CSV
            </a>
            <a class="quiet" href={breakdownFile(story.id, 'pdf')} download>
              Save as PDF
            </a>
          </>
        )}
        <button type="button" class="quiet" onClick={close}>
          Done
        </button>
      </div>
    </Sheet>
  );
}

const HEADS = ['Scene', 'Day', 'Set', 'Pages', 'Cast', 'Props', 'Wardrobe', 'Hair, make-up, injury', 'Vehicles', 'Sky'];

function Scenes({ story, scenes }: { story: Story; scenes: SheetScene[] }) {
  return (
    <div class="breakdown-scroll" role="region" aria-label="Breakdown by scene">
      <table class="breakdown">
        <thead>
          <tr>
            {HEADS.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {scenes.map((scene) => (
            <Row key={scene.sceneId} story={story} scene={scene} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ story, scene }: { story: Story; scene: SheetScene }) {
  const go = (): void => {
    close();
    navigate(pathTo(story.id, scene.sceneId));
  };
  return (
    <tr>
      <th scope="row">
        <button type="button" class="quiet small" title="Open this scene" onClick={go}>
          {scene.number}
        </button>
      </th>
      <td>
        <span class="breakdown-day" data-night={scene.storyDay?.startsWith('N') ?? false}>
          {scene.storyDay ?? 'aside'}
        </span>
      </td>
      <td title={scene.synopsis}>{setWords(scene)}</td>
      <td class="breakdown-pages">{scene.pages}</td>
      <td>
        <ul>
          {scene.cast.map(({ number, name }) => (
            <li key={number}>
              <span class="breakdown-number">{number}</span> {name}
            </li>
          ))}
        </ul>
      </td>
      <Items items={scene.props} />
      <Items items={scene.wardrobe} />
      <Items items={scene.looks} />
      <Items items={scene.vehicles} />
      <td>{skyWords(scene)}</td>
    </tr>
  );
}

function Items({ items }: { items: SheetItem[] }) {
  return (
    <td>
      <ul>
        {items.map((item, index) => (
          <li key={index}>
            {itemWords(item)} {item.since !== null && <span class="breakdown-since">{sinceWords(item)}</span>}
          </li>
        ))}
      </ul>
    </td>
  );
}
