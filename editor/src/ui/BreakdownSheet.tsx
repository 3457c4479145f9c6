/** The script supervisor's breakdown: every scene with its day, people, things and clothes; a row leads to its scene. */
import { breakdownFile, breakdownSheet, type SheetItem, type SheetScene } from '../api/breakdown';
import { itemWords, setWords, sheetSummary, sinceWords, skyWords } from '../story/breakdownWords';
import { navigate, pathTo } from '../story/router';
import type { Story } from '../story/story';
import '../styles/breakdown.css';
import { breakingDown } from './sharing';
import { SheetFrame } from './SheetFrame';

const close = (): void => {
  breakingDown.value = false;
};

export function BreakdownSheet({ story }: { story: Story }) {
  if (!breakingDown.value) return null;
  return (
    <SheetFrame
      key={story.id}
      title="Breakdown"
      class="breakdown-sheet"
      coming="Reading the script"
      ask={() => breakdownSheet(story.id)}
      onClose={close}
      end={(scenes) => scenes.length > 0 && <Files story={story} />}
    >
      {(scenes) => (
        <>
          <p class="breakdown-sum" data-testid="breakdown-summary">
            {sheetSummary(scenes)}
          </p>
          {scenes.length > 0 && <Scenes story={story} scenes={scenes} />}
        </>
      )}
    </SheetFrame>
  );
}

function Files({ story }: { story: Story }) {
  return (
    <>
      <a class="quiet" href={breakdownFile(story.id, 'csv')} download>
        Save as CSV
      </a>
      <a class="quiet" href={breakdownFile(story.id, 'pdf')} download>
        Save as PDF
      </a>
    </>
  );
}

const HEADS = ['Scene', 'Day', 'Set', 'Light', 'Pages', 'Cast', 'Props', 'Wardrobe', 'Hair, make-up, injury', 'Vehicles', 'Sky'];

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
      <Items items={scene.light} />
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
