import { describe, expect, it } from 'vitest';
import type { Appearance, StoryPerson, StoryPlace, Visit } from '../src/api/whoAndWhere';
import { ageWords, lightWords, likenessWords, lyingNow, lyingWords, relationWords, summary, tellingScenes, toldVoiceWords, voiceWords } from '../src/story/whoWords';

const age = (low: number, high = low, counted = 0): Appearance['age'] => ({ low, high, counted, evidence: { text: '' } });
const told = (attribute: string, value: string) => ({ attribute, value, evidence: { sceneId: 'scn_1', text: value } });
const appearance = (number: string, change: Partial<Appearance> = {}): Appearance => ({
  sceneId: `scn_${number}`, number, age: null, expressions: [], voice: [], ...change,
});
const person = (appearances: Appearance[]): StoryPerson => ({
  key: 'ruth', name: 'RUTH', castId: null, portraitUrl: null, bestFrame: null, looks: [], toldVoice: [], setVoice: null, appearances,
});
const visit = (change: Partial<Visit> = {}): Visit => ({
  sceneId: 'scn_1', number: '3', storyDay: 'N1', timeOfDay: 'night', light: [], lies: [], picture: null, ...change,
});

describe('E-106: who somebody is and how a place is, in words', () => {
  it('says an age as it is known', () => {
    expect([age(34), age(40, 49), age(36, 36, 2), age(39, 40, 40), age(62, 71, 2), null].map(ageWords)).toEqual([
      '34', '40s', '36 (2 years on)', '39–40', '62–71 (2 years on)', '',
    ]);
  });

  it('says a voice as set and as told', () => {
    expect(voiceWords({ timbre: 'gravelly', accent: 'Irish', pace: '' })).toBe('gravelly, Irish accent');
    expect(voiceWords({ timbre: '', accent: '', pace: 'slow' })).toBe('slow pace');
    expect(toldVoiceWords([told('accent', 'French'), told('timbre', 'hoarse'), told('pace', 'fast')])).toBe('French accent, hoarse, fast pace');
  });

  it('lists the scenes that tell something, and an age only when it changes', () => {
    const scenes = [
      appearance('1', { age: age(34) }),
      appearance('2', { age: age(34) }),
      appearance('3', { age: age(34), expressions: [told('expression', 'crying')] }),
      appearance('4', { age: age(36, 36, 2) }),
      appearance('5'),
    ];
    expect(tellingScenes(person(scenes)).map((each) => `${each.number}: ${each.words}`)).toEqual(['1: 34', '3: crying', '4: 36 (2 years on)']);
  });

  it('reads a strip of light aloud', () => {
    const light: Visit['light'] = [
      { level: 'dark', since: '2', evidence: { text: '' } },
      { level: 'lit', since: null, evidence: { text: '' } },
    ];
    expect(lightWords(visit({ light }))).toBe('Scene 3: dark (from scene 2), then lights on');
    expect(lightWords(visit())).toBe('Scene 3: not told');
  });

  it('says what lies and stands where', () => {
    expect(relationWords({ thing: 'door', relation: 'left_of', other: 'window' })).toBe('door left of the window');
    expect(relationWords({ thing: 'lamp', relation: 'on', other: 'desk' })).toBe('lamp on the desk');
    expect(relationWords({ thing: 'chair', relation: 'next_to', other: 'bed' })).toBe('chair next to the bed');
    expect(lyingWords({ thing: 'letter', where: 'on desk', since: '1' })).toBe('letter, on the desk · since 1');
    expect(lyingWords({ thing: 'key', where: '', since: '3' })).toBe('key · since 3');
    const place = { visits: [visit(), visit({ lies: [{ thing: 'key', where: '', since: '3' }] })] } as StoryPlace;
    expect(lyingNow(place)).toHaveLength(1);
  });

  it('says how a film compares with the others of its place', () => {
    const picture = { url: '', palette: [], compared: 3, likeness: 0.21, far: true };
    expect(likenessWords(picture)).toBe('Unlike the other 3 films of this place (21 %)');
    expect(likenessWords({ ...picture, likeness: 0.93, far: false })).toBe('93 % like the others');
    expect(likenessWords({ ...picture, likeness: null })).toBe('');
  });

  it('counts people and places, and says what to do where there is none', () => {
    expect(summary([person([])], [])).toBe('1 person in 0 places.');
    expect(summary([], [])).toContain('fills as the script does');
  });
});
