/** The GraphQL surface as the editor uses it. Names follow the schema; only what a query here selects is listed. */

export type JobState =
  | 'QUEUED'
  | 'PROCESSING'
  | 'SCRIPT_READY'
  | 'CONTINUITY_CHECKED'
  | 'PREVIEW_READY'
  | 'THROTTLED'
  | 'FINAL_READY'
  | 'FAILED'
  | 'CANCELLED';

export type JobStage =
  | 'SCRIPT_EXPANSION'
  | 'CONTINUITY_VALIDATION'
  | 'CACHE_LOOKUP'
  | 'STORYBOARD'
  | 'VIDEO_GENERATION'
  | 'POST_PROCESSING'
  | 'UPLOAD'
  | 'OBSERVATION'
  | 'FINALIZATION';

export type SceneStatus = 'PENDING' | 'GENERATING' | 'COMPLETE' | 'LOCKED';
export type EpistemicState = 'ACCEPTED' | 'EPISTEMICALLY_INCOMPLETE' | 'REJECTED' | 'UNCERTAIN_TERMINATION';
export type ProjectType = 'SERIES' | 'MOVIE' | 'SHORT';

export interface UserError {
  path: string[];
  code: string;
  message: string;
}

export interface Panel {
  id: string;
  imageUrl: string;
  seed: string;
  votes: number;
  picked: boolean;
  shot: number;
  candidate: number;
  note: string;
}

export interface BoardShot {
  shot: number;
  words: string;
  note: string;
  pickedPanelId: string | null;
}

export interface Degradation {
  wanted: string;
  used: string;
  code: string;
  why: string;
}

export interface Take {
  id: string;
  jobId: string;
  playlistUrl: string;
  videoUrl: string;
  thumbnailUrl: string;
  captionsUrl: string | null;
  captionsBurned: boolean;
  durationS: number;
  backend: string;
  degraded: boolean;
  /** What was to render it and did not, in order. */
  degradations: Degradation[];
  cacheVerdict: string;
  qualityScore: number | null;
  epistemicState: EpistemicState;
}

export interface Job {
  id: string;
  sceneId: string;
  state: JobState;
  stage: JobStage | null;
  progress: number;
  message: string | null;
  /** Why it waits for a person at the continuity gate; null: it does not. */
  held: string | null;
  queuePosition: number | null;
  etaS: number | null;
  error: { code: string; message: string; retryable: boolean } | null;
  panels: Panel[];
  earlierPanels: Panel[];
  shots: BoardShot[];
  /** When the votes decide; null: nobody waits, or for ever. */
  pickBy: string | null;
  /** A frame of the film that is being made. */
  previewUrl: string | null;
  autoPick: boolean;
  take: Take | null;
}

export interface Evidence {
  sceneId: string;
  /** Unicode code points of the scene's script. */
  start: number;
  end: number;
  text: string;
}

export interface Fix {
  sceneId: string;
  start: number;
  end: number;
  replacement: string;
}

export interface Finding {
  id: string;
  code: string;
  severity: 'ERROR' | 'WARNING';
  message: string;
  evidence: Evidence[];
  suggestion: string | null;
  fix: Fix | null;
  waived: boolean;
  /** Who said that it is meant, and why. */
  waiver: { reason: string; note: string; name: string } | null;
  /** What may be given as a reason that it is meant. */
  reasons: string[];
}

export interface SceneRow {
  id: string;
  heading: string;
  status: SceneStatus;
  takes: { id: string; thumbnailUrl: string }[];
}

export interface Scene extends SceneRow {
  bibleVersion: number;
  /** Where it stands in the story, by the project's format. */
  beat: { name: string; purpose: string } | null;
  takes: Take[];
  findings: Finding[];
  jobs: Job[];
}

export interface Project {
  id: string;
  title: string;
  type: ProjectType;
  brain: string;
  format: string;
  sequence: string;
  scenes: SceneRow[];
  cast: { id: string; name: string }[];
  places: { id: string; name: string }[];
}

export interface ProjectCard {
  id: string;
  title: string;
  type: ProjectType;
  brain: string;
  createdAt: string;
  scenes: SceneRow[];
}

export interface Format {
  id: string;
  name: string;
  summary: string;
}

export interface Brain {
  id: string;
  name: string;
  specialty: string;
  palette: string[];
  /** Defined by this project; false: it ships. */
  own: boolean;
  /** JSON text, as the server takes it back. */
  definition: string;
}
