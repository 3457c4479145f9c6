/**
 * Owns the generation shown on the stage: the newest job of the open scene, followed until it is over.
 *
 * Invariant: at most one job is followed; what arrives for another is dropped. The subscription is the source; a slow
 * poll covers a socket that is down, so that the stage never shows a stale job for long.
 */
import { signal } from '@preact/signals';
import * as api from '../api/operations';
import type { Job } from '../api/types';
import { identity } from '../collab/people';
import { awaitsPick, isOver } from './jobWords';
import { say } from './toasts';

const POLL_MS = 4000;

export class Generation {
  readonly job = signal<Job | null>(null);
  /** A command is on its way; buttons wait. */
  readonly busy = signal(false);
  private unfollow: (() => void) | undefined;
  private poll: ReturnType<typeof setInterval> | undefined;
  private readonly onOver: (job: Job) => void;

  constructor(onOver: (job: Job) => void) {
    this.onOver = onOver;
  }

  /** Shows a job and follows it while it runs. Showing the same job again only refreshes it. */
  show(job: Job | null): void {
    const same = job !== null && job.id === this.job.peek()?.id;
    if (!same) this.stop();
    this.job.value = job;
    if (job !== null && !isOver(job.state) && this.unfollow === undefined) this.follow(job.id);
  }

  async generate(sceneId: string): Promise<void> {
    await this.command(() => api.generateScene(sceneId));
  }

  async pick(panelId: string): Promise<void> {
    const job = this.job.peek();
    if (job === null || !awaitsPick(job)) return;
    // Shown at once; the server's word replaces it, also when a colleague was faster.
    this.job.value = { ...job, panels: job.panels.map((panel) => ({ ...panel, picked: panel.id === panelId })) };
    await this.command(() => api.pickPanel(job.id, panelId, true));
  }

  /** Decides one shot; with the last one the film begins. */
  async pickShot(panelId: string): Promise<void> {
    const job = this.job.peek();
    if (job === null || !awaitsPick(job)) return;
    await this.command(() => api.pickPanel(job.id, panelId, false));
  }

  /** Whether the server has taken the words. */
  async goOn(sceneId: string, text: string, bibleVersion: number): Promise<boolean> {
    return this.command(() => api.continueScene(sceneId, text, bibleVersion, identity.peek().name));
  }

  async revise(shot: number, note: string): Promise<void> {
    const job = this.job.peek();
    if (job !== null && awaitsPick(job)) await this.command(() => api.reviseBoard(job.id, [shot], note));
  }

  async cancel(): Promise<void> {
    const job = this.job.peek();
    if (job !== null && !isOver(job.state)) await this.command(() => api.cancelJob(job.id));
  }

  /** What a person decides about a job that is held; whoever was faster is told. */
  async decide(send: () => Promise<Job>): Promise<void> {
    await this.command(send);
  }

  async retry(): Promise<void> {
    const job = this.job.peek();
    if (job?.state === 'FAILED') await this.command(() => api.retryJob(job.id));
  }

  stop(): void {
    this.unfollow?.();
    this.unfollow = undefined;
    clearInterval(this.poll);
  }

  private async command(send: () => Promise<Job>): Promise<boolean> {
    if (this.busy.peek()) return false;
    this.busy.value = true;
    const before = this.job.peek();
    try {
      this.show(await send());
      return true;
    } catch (cause) {
      say(api.wordsFor(cause), 'bad');
      if (before !== null) await this.refresh(before.id);
      return false;
    } finally {
      this.busy.value = false;
    }
  }

  private follow(jobId: string): void {
    const refresh = (): void => void this.refresh(jobId);
    this.unfollow = api.followJob(jobId, (job) => this.arrived(jobId, job), refresh);
    this.poll = setInterval(refresh, POLL_MS);
  }

  private async refresh(jobId: string): Promise<void> {
    try {
      const job = await api.job(jobId);
      if (job !== null) this.arrived(jobId, job);
    } catch {
      // The banner already says that the server is away; the next poll tries again.
    }
  }

  private arrived(jobId: string, job: Job): void {
    const shown = this.job.peek();
    if (shown?.id !== jobId || job.id !== jobId) return;
    // A poll that was asked before the end must not bring a finished job back to life.
    if (shown.state === 'FINAL_READY') return;
    this.job.value = job;
    if (isOver(job.state)) {
      this.stop();
      this.onOver(job);
    }
  }
}
