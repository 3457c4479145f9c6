/** The text a brain of the project's own begins with. */
import type { Brain } from '../api/types';

/** An own brain is changed under its id; one that ships keeps its id, and what is made from it gets another. */
export function begun(brain: Brain): string {
  if (brain.own) return brain.definition;
  const definition = JSON.parse(brain.definition) as Record<string, unknown>;
  return JSON.stringify({ ...definition, id: `my-${brain.id}`, name: `My ${brain.name}` }, null, 1);
}
