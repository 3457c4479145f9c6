/**
 * Finds the captions of a take through its master playlist, since the light player leaves HLS subtitles out.
 *
 * Invariant: only addresses below the playlist's own origin are returned. Source of the tags: RFC 8216 §4.3.4.1.
 */

const CAPTIONS_LINES_MAX = 2000;

/** The WebVTT file named by a playlist text, absolute; null when it names none. `read` fetches a nested playlist. */
export async function captionsOf(masterUrl: string, read: (url: string) => Promise<string>): Promise<string | null> {
  const lines = (await read(masterUrl)).split(/\r?\n/u, CAPTIONS_LINES_MAX);
  const media = lines.find((line) => line.startsWith('#EXT-X-MEDIA:') && /TYPE=SUBTITLES/u.test(line));
  const uri = /URI="([^"]+)"/u.exec(media ?? '')?.[1];
  if (uri === undefined) return null;
  const found = new URL(uri, masterUrl);
  if (found.origin !== new URL(masterUrl).origin) return null;
  if (/\.vtt$/iu.test(found.pathname)) return found.href;
  const chunk = (await read(found.href)).split(/\r?\n/u, CAPTIONS_LINES_MAX).find((line) => line && !line.startsWith('#'));
  return chunk === undefined ? null : new URL(chunk, found).href;
}
