/** Says in words what a scene is given by those before it. Pure functions of what the server tells. */
import type { CarriedNote, Carries } from '../api/carries';

const NAMES: Record<string, string> = {
  wounds: 'Wounds',
  clothes: 'Clothes',
  hands: 'In hand',
  identity: 'Voices, ages, light',
  shot: 'The shot before',
  before: 'What came before',
};

export interface Section {
  id: string;
  name: string;
  notes: CarriedNote[];
  leftOut: boolean;
}

/** By section, in the order in which a prompt is told them. */
export function sectionsOf(notes: readonly CarriedNote[]): Section[] {
  const found = new Map<string, Section>();
  for (const note of notes) {
    const { section: id, leftOut } = note;
    const section = found.get(id) ?? { id, name: NAMES[id] ?? id, notes: [], leftOut };
    section.notes.push(note);
    found.set(id, section);
  }
  return [...found.values()];
}

/** The sections left out once this one is switched. */
export function switched(sections: readonly Section[], id: string): string[] {
  return sections.filter((each) => each.leftOut !== (each.id === id)).map((each) => each.id);
}

export function carriesSummary({ notes }: Carries): string {
  if (notes.length === 0) return 'Nothing comes into this scene from those before it: it is filmed by its own words.';
  const told = notes.filter((note) => !note.leftOut).length;
  const out = notes.length - told;
  const words = `The next film of this scene is told ${told} ${told === 1 ? 'thing' : 'things'} it does not say itself`;
  return out === 0 ? `${words}.` : `${words}; ${out} ${out === 1 ? 'is' : 'are'} left out.`;
}
