/** Plays one take: HLS by the browser where it can, by hls.js/light where it cannot, the MP4 where both fail. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Take } from '../api/types';
import { captionsOf } from '../story/captions';

const HLS_TYPE = 'application/vnd.apple.mpegurl';

export function Player({ take }: { take: Take }) {
  const video = useRef<HTMLVideoElement>(null);
  const captions = useCaptions(take.playlistUrl);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const element = video.current;
    if (element === null) return undefined;
    let detach = (): void => undefined;
    let gone = false;
    const start = async (): Promise<void> => {
      detach = await attach(element, take);
      if (gone) detach();
    };
    start().catch(() => setBroken(true));
    return () => {
      gone = true;
      detach();
    };
  }, [take.id]);
  useEffect(() => {
    // A track that gets its file late stays off although it is the default one.
    const track = video.current?.textTracks[0];
    if (track !== undefined && captions !== null) track.mode = 'showing';
  }, [captions]);
  return (
    <div class="screen">
      <video
        ref={video}
        controls
        playsInline
        preload="metadata"
        poster={take.thumbnailUrl}
        aria-label="The take"
        data-testid="player"
        data-take-id={take.id}
        onError={() => setBroken(true)}
        onLoadedMetadata={() => setBroken(false)}
      >
        <track kind="captions" srclang="en" label="Dialogue" src={captions ?? undefined} default={captions !== null} />
      </video>
      {broken && (
        <p class="screen-note" role="alert">
          The player could not open this take. <a href={take.videoUrl}>Open the file</a>
        </p>
      )}
    </div>
  );
}

async function attach(element: HTMLVideoElement, take: Take): Promise<() => void> {
  // hls.js first: some browsers claim native HLS and play it badly; Safari on a phone has no MediaSource.
  const { default: Hls } = await import('hls.js/light');
  if (!Hls.isSupported()) {
    element.src = element.canPlayType(HLS_TYPE) ? take.playlistUrl : take.videoUrl;
    return () => element.removeAttribute('src');
  }
  // Takes are seconds long: the worker costs more than it saves, and would need a looser content policy.
  const hls = new Hls({ enableWorker: false, startLevel: -1 });
  hls.on(Hls.Events.ERROR, (_event, data) => {
    if (!data.fatal) return;
    hls.destroy();
    element.src = take.videoUrl;
  });
  hls.loadSource(take.playlistUrl);
  hls.attachMedia(element);
  return () => hls.destroy();
}

/** A blob of our own, so that the track needs no CORS and no cookie of its own. */
function useCaptions(playlistUrl: string): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let gone = false;
    const read = async (address: string): Promise<string> => {
      const response = await fetch(address, { credentials: 'same-origin' });
      if (!response.ok) throw new Error(`captions: HTTP ${response.status}`);
      return response.text();
    };
    const load = async (): Promise<void> => {
      const address = await captionsOf(new URL(playlistUrl, location.href).href, read);
      if (address === null || gone) return;
      made = URL.createObjectURL(new Blob([await read(address)], { type: 'text/vtt' }));
      if (gone) URL.revokeObjectURL(made);
      else setUrl(made);
    };
    // A take without captions is still a take; the player says nothing about it.
    load().catch(() => undefined);
    return () => {
      gone = true;
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [playlistUrl]);
  return url;
}
