/** A short original screenplay for the first visit: four scenes that show cast, places, a night, a road and a joke. */
export const SAMPLE_TITLE = 'The Last Lamplighter';

export const SAMPLE = `INT. LAMP WORKSHOP - NIGHT

Rain on a skylight. Shelves of brass lamps, each with a paper tag. One burns.

MARA, 60s, ink on her fingers, trims a wick. The flame steadies.

MARA
(to the lamp)
You and me, then.

A knock. She does not turn round.

MARA
We are closed until it gets dark.

IDRIS (O.S.)
It has been dark for an hour.

The door opens. IDRIS, 20, wet to the bone, holds up a letter with a wax seal.

EXT. HARBOUR WALL - NIGHT

Wind. A row of unlit street lamps runs out to sea along the wall. Mara walks ahead with a pole and a flame. Idris carries the ladder, badly.

IDRIS
The council says electric by spring.

MARA
The council has never been out here in a fog.

She lights the first lamp. Gold spills over the wet stones.

INT. COUNCIL CHAMBER - DAY

High windows, flat white light. THE CHAIR reads from a page. Mara sits alone on a long bench, her cap in her hands.

THE CHAIR
The post of lamplighter is abolished, with thanks.

Nobody looks up. Outside, far away, a ship's horn.

MARA
Whose ship is that?

THE CHAIR
I beg your pardon?

MARA
(standing)
It is too close.

EXT. HARBOUR WALL - DAWN

Fog like wool. A dark hull slides past the end of the wall, slow, near enough to touch.

Every lamp along the wall is burning. At the last one stands Idris on the ladder, shaking, with the pole.

IDRIS
I only did the odd ones first. Then I thought, why stop.

Mara looks down the line of lights. For the first time, she smiles.

> FADE OUT.
`;
