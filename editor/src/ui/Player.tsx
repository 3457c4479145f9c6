/** Plays one take: HLS by the browser where it can, by hls.js/light where it cannot, the MP4 where both fail. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Take } from '../api/types';

const HLS_TYPE = 'application/vnd.apple.mpegurl';

export function Player({ take }: { take: Take }) {
  const video = useRef<HTMLVideoElement>(null);
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
        {/* The light player leaves HLS subtitles out, so the captions are a track of their own; off where the picture
            shows them already. */}
        <track
          kind="captions"
          label="Dialogue"
          src={take.captionsUrl ?? undefined}
          default={take.captionsUrl !== null && !take.captionsBurned}
        />
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
