/** The same graph as a table: who, to whom, what it is worth, who says so. */
import type { Link } from '../api/storyGraph';
import type { GraphDesk, Shown } from '../story/graphDesk';
import { keyOf, LAYERS, layersOf, worthWords } from '../story/graphWords';
import type { Names } from './GraphSheet';

interface Props {
  desk: GraphDesk;
  found: Shown;
  links: readonly Link[];
  names: Names;
}

export function GraphList({ desk, found, links, names }: Props) {
  const strongest = Math.max(0, ...found.links.map((link) => link.strength ?? 0));
  const look = (link: Link): void => {
    desk.chosen.value = link.source;
    desk.edge.value = keyOf(link);
  };
  return (
    // It scrolls by itself, and by keys.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div class="graph-scroll" tabIndex={0} role="region" aria-label="Edges of the graph">
      <table class="graph-table" data-testid="graph-table">
        <thead>
          <tr>
            {['From', 'To', 'What', 'By'].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {links.map((link) => (
            <tr key={keyOf(link)} data-looked={desk.edge.value === keyOf(link)}>
              <th scope="row">
                <button type="button" class="quiet small" title="Look at this edge" onClick={() => look(link)}>
                  {names.node(link.source)}
                </button>
              </th>
              <td>{names.node(link.target)}</td>
              <td>{worthWords(link, strongest)}</td>
              <td>{[...layersOf(link)].map((layer) => LAYERS[layer]).join(', ')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
