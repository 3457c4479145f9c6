/** One place: its films as pictures with their colours, its light scene by scene, what lies there and what stands where. */
import type { StoryPlace, Swatch, Visit } from '../api/whoAndWhere';
import { levelWords, lightWords, likenessWords, lyingNow, lyingWords, relationWords } from '../story/whoWords';

export function PlaceCard({ place, go }: { place: StoryPlace; go: (sceneId: string) => void }) {
  const pictured = place.visits.filter((visit) => visit.picture !== null);
  const lying = lyingNow(place);
  return (
    <article class="where-card" aria-label={place.name}>
      <header>
        <h3>{place.name}</h3>
        <Palette colours={place.palette} words={`The colours of ${place.name}`} />
      </header>
      {place.features.length > 0 && (
        <ul class="who-chips" aria-label="Described as">
          {place.features.map((each) => (
            <li key={each.value}>{each.value}</li>
          ))}
        </ul>
      )}
      {pictured.length > 0 && (
        <ul class="where-pictures" aria-label="Films">
          {pictured.map((visit) => (
            <Pictured key={visit.sceneId} visit={visit} go={go} />
          ))}
        </ul>
      )}
      <Strip place={place} go={go} />
      <div class="where-lists">
        {lying.length > 0 && (
          <section aria-label="What lies there">
            <h4>Lies there</h4>
            <ul>
              {lying.map((each) => (
                <li key={each.thing}>{lyingWords(each)}</li>
              ))}
            </ul>
          </section>
        )}
        {place.relations.length > 0 && (
          <section aria-label="What stands where">
            <h4>Stands</h4>
            <ul>
              {place.relations.map((each) => (
                <li key={`${each.thing} ${each.other}`} title={each.evidence.text}>
                  {relationWords(each)}
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </article>
  );
}

function Pictured({ visit, go }: { visit: Visit; go: (sceneId: string) => void }) {
  const { picture } = visit;
  if (picture === null) return null;
  const like = likenessWords(picture);
  return (
    <li data-far={picture.far}>
      <button type="button" class="where-picture" title={like === '' ? 'Open this scene' : like} onClick={() => go(visit.sceneId)}>
        <img src={picture.url} alt={`The film of scene ${visit.number}`} loading="lazy" />
        <Palette colours={picture.palette} words={`Colours of scene ${visit.number}`} />
        <span>
          {visit.number}
          {picture.far && <em> {like}</em>}
        </span>
      </button>
    </li>
  );
}

function Palette({ colours, words }: { colours: Swatch[]; words: string }) {
  if (colours.length === 0) return null;
  return (
    <span class="where-palette" role="img" aria-label={`${words}: ${colours.map((each) => each.colour).join(', ')}`}>
      {colours.map((each) => (
        <span key={each.colour} style={{ background: each.colour, flexGrow: each.share }} />
      ))}
    </span>
  );
}

/** A cell a scene, a stripe a beat of light. */
function Strip({ place, go }: { place: StoryPlace; go: (sceneId: string) => void }) {
  return (
    <ol class="where-light" aria-label={`Light in ${place.name}`}>
      {place.visits.map((visit) => (
        <li key={visit.sceneId}>
          <button type="button" title={lightWords(visit)} onClick={() => go(visit.sceneId)}>
            <span class="where-beats">
              {visit.light.map((beat, index) => (
                <span key={index} data-level={beat.level} data-carried={beat.since !== null} />
              ))}
            </span>
            <span class="where-number">{visit.number}</span>
            <span class="where-level">{levelWords(visit.light.at(-1)?.level ?? 'unknown')}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
