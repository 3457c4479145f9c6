/**
 * Reads the `live` document: what the server says about jobs, findings and scenes, for everyone at once.
 *
 * Invariant: nothing here writes; a value of an unexpected shape is skipped, never shown half.
 * Percentages are weather: they ride on the document's awareness and may be absent.
 */
import { signal } from '@preact/signals';
import type { Finding, JobStage, JobState, SceneStatus } from '../api/types';
import type { Room } from '../collab/room';

export interface LiveJob {
  id: string;
  sceneId: string;
  state: JobState;
  stage: JobStage | null;
  progress: number;
  held?: string | null;
}

export interface LiveScene {
  heading?: string;
  status?: SceneStatus;
  thumbnailUrl?: string;
}

export class Live {
  readonly jobs = signal<readonly LiveJob[]>([]);
  readonly scenes = signal<ReadonlyMap<string, LiveScene>>(new Map());
  readonly findings = signal<ReadonlyMap<string, readonly Finding[]>>(new Map());

  constructor(room: Room) {
    const jobs = room.doc.getMap<unknown>('jobs');
    const scenes = room.doc.getMap<unknown>('scenes');
    const findings = room.doc.getMap<unknown>('findings');
    const readJobs = (): void => {
      const percent = percentages(room);
      this.jobs.value = entries(jobs).flatMap(([id, value]) => {
        if (!isRecord(value) || typeof value['sceneId'] !== 'string' || typeof value['state'] !== 'string') return [];
        const job = value as unknown as LiveJob;
        return [{ ...job, id, stage: job.stage ?? null, progress: percent.get(id) ?? job.progress ?? 0 }];
      });
    };
    jobs.observe(readJobs);
    room.awareness.on('change', readJobs);
    scenes.observe(() => {
      this.scenes.value = new Map(entries(scenes).filter((entry): entry is [string, LiveScene] => isRecord(entry[1])));
    });
    findings.observe(() => {
      this.findings.value = new Map(entries(findings).map(([id, value]) => [id, readFindings(value)]));
    });
  }
}

/** Values may be stored as JSON text or as plain Yjs values; both read the same. */
function entries(map: { entries(): IterableIterator<[string, unknown]> }): [string, unknown][] {
  return [...map.entries()].map(([key, value]) => [key, plain(value)]);
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') {
    try {
      return JSON.parse(value);
    } catch {
      return value;
    }
  }
  if (isRecord(value) && typeof value['toJSON'] === 'function') return (value['toJSON'] as () => unknown)();
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readFindings(value: unknown): Finding[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((raw: unknown) => {
    if (!isRecord(raw) || typeof raw['message'] !== 'string') return [];
    const finding = raw as unknown as Partial<Finding> & { message: string };
    return [
      {
        id: finding.id ?? `${finding.code ?? 'finding'}:${finding.message}`,
        code: finding.code ?? 'FINDING',
        severity: finding.severity === 'ERROR' ? ('ERROR' as const) : ('WARNING' as const),
        message: finding.message,
        suggestion: finding.suggestion ?? null,
        evidence: Array.isArray(finding.evidence) ? finding.evidence : [],
        fix: finding.fix ?? null,
        waived: finding.waived === true,
        waiver: finding.waiver ?? null,
        reasons: Array.isArray(finding.reasons) ? finding.reasons.map(String) : [],
      },
    ];
  });
}

function percentages(room: Room): Map<string, number> {
  const found = new Map<string, number>();
  for (const state of room.awareness.getStates().values()) {
    const jobs: unknown = state['jobs'];
    if (!isRecord(jobs)) continue;
    for (const [id, value] of Object.entries(jobs)) {
      if (isRecord(value) && typeof value['progress'] === 'number') found.set(id, value['progress']);
    }
  }
  return found;
}
