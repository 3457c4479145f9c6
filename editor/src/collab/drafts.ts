/**
 * Owns words that could not be saved and that no live document holds any more: kept in this browser until dismissed.
 *
 * Invariant: a draft is written before the document it comes from is let go of. Data: texts of rooms ↔ `Storage`.
 */
const PREFIX = 'storyforge.draft.';

export interface Draft {
  /** The key it is kept under. */
  id: string;
  /** The document's name, `scene:scn_…`. */
  name: string;
  text: string;
}

export class Drafts {
  constructor(
    private readonly projectId: string,
    private readonly storage: Storage,
  ) {}

  /** Keeps a text; an equal one is kept once. False if the browser would not (storage full or forbidden). */
  keep(name: string, text: string): boolean {
    if (this.all().some((draft) => draft.name === name && draft.text === text)) return true;
    try {
      this.storage.setItem(`${this.prefix}${Date.now().toString(36)}.${name}`, JSON.stringify({ name, text }));
      return true;
    } catch {
      return false;
    }
  }

  /** Oldest first. What is not ours, or not readable, is left alone. */
  all(): Draft[] {
    const found: Draft[] = [];
    for (let at = 0; at < this.storage.length; at += 1) {
      const id = this.storage.key(at);
      if (id?.startsWith(this.prefix) !== true) continue;
      const draft = read(this.storage.getItem(id));
      if (draft !== null) found.push({ id, ...draft });
    }
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  drop(id: string): void {
    this.storage.removeItem(id);
  }

  private get prefix(): string {
    return `${PREFIX}${this.projectId}.`;
  }
}

function read(kept: string | null): { name: string; text: string } | null {
  try {
    const value: unknown = JSON.parse(kept ?? 'null');
    if (typeof value !== 'object' || value === null || !('name' in value) || !('text' in value)) return null;
    return typeof value.name === 'string' && typeof value.text === 'string'
      ? { name: value.name, text: value.text }
      : null;
  } catch {
    return null;
  }
}
